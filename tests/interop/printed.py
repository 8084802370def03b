"""The examples of docs/fhir.md, run as they are printed: only ids and days are replaced by what was answered."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.interop.worked_example import PAGE

FIRST_DAY = date(2026, 12, 1)
"""The page's Tuesday."""
TIMEOUT_S = 60.0
_BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SET = re.compile(r"(?:[A-Z]+=\S+ ?)+")
_DAY = re.compile(r"2026-12-\d\d")
_CURL = "curl() { command curl -sS -w '\\n%{http_code}' \"$@\"; }\n"


@dataclass(frozen=True)
class Command:
    """*expected*: the HTTP status that the page names; *sets*: names that it says come from an answer."""

    text: str
    expected: int
    sets: tuple[str, ...]


def commands() -> Iterator[Command]:
    """In the order of the page.

    Raises:
        AssertionError: a command names no status.
    """
    for block in _BLOCKS.findall(PAGE.read_text()):
        lines: list[str] = []
        sets: list[str] = []
        for line in block.splitlines():
            if not lines and _SET.fullmatch(line):
                sets += [one.partition("=")[0] for one in line.split()]
                continue
            lines.append(line)
            said = re.search(r" # (\d{3})$", line)
            if said:
                yield Command("\n".join(lines).removesuffix(said[0]), int(said[1]), tuple(sets))
                lines, sets = [], []
        assert not lines, lines


def run(command: Command, names: dict[str, str], today: date) -> tuple[int, Any]:
    """The status and the answer."""

    def moved(day: re.Match[str]) -> str:
        return str(today + (date.fromisoformat(day[0]) - FIRST_DAY))

    done = subprocess.run(
        ["bash", "-euc", _CURL + _DAY.sub(moved, command.text)],
        env={"PATH": os.environ["PATH"], **names},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, (command.text, done.stderr)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body.startswith("{") else body


class Names:
    """What the page's names stand for, learnt from the answers as a reader would."""

    def __init__(self, today: date, **given: str) -> None:
        self.known = {"DAY": str(today + timedelta(days=2)), **given}

    def learn(self, answer: Any) -> None:
        if not isinstance(answer, dict):
            return
        found = [entry["resource"] for entry in answer.get("entry", ())]
        match answer.get("resourceType", ""), found:
            case "Bundle", [{"resourceType": "Slot"} as first, _, third, _, fifth]:
                self._keep(SLOT=first["id"], START=third["start"], END=third["end"], OTHER=fifth["id"])
            case "Bundle", [{"resourceType": "Appointment", "status": "proposed"} as first, *_]:
                self._keep(OFFER=first["id"])
            case "Appointment", _:
                self._keep(**{"HELD" if answer["status"] == "pending" else "ID": answer["id"]})
                self._keep(PATIENT=answer["participant"][0]["actor"]["reference"].partition("/")[2])
            case "Subscription", _:
                self._keep(SUB=answer["id"])

    def _keep(self, **learnt: str) -> None:
        self.known = {**learnt, **self.known}  # the first one stays

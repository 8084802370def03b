"""Publish every message as JSON Schema, and the sockets as one AsyncAPI 3 document.

python -m schemas.publish            writes schemas/published/
python -m schemas.publish --check    ends with 1 if what is there is not what the models say
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas import board, channels, checks, conversation, day, measurement, signalling, trust, visit
from schemas.base import Message

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"
EXAMPLES = HERE / "examples"
VERSION = 1
DRAFT = "https://json-schema.org/draft/2020-12/schema"

KINDS: dict[str, type[Message]] = {
    "pair-request": visit.PairRequest,
    "paired": visit.Paired,
    "challenge": visit.Challenge,
    "proof": visit.Proof,
    "link-plan": channels.PlanDown,
    "link-roster": channels.RosterDown,
    "link-facts-down": channels.FactsDown,
    "link-taken": channels.FactsTaken,
    "link-pair-answer": channels.PairAnswer,
    "link-beat": channels.Beat,
    "link-facts-up": channels.FactsUp,
    "link-checks": channels.ChecksUp,
    "link-blocked": channels.BlockedUp,
    "link-refused": channels.RefusedUp,
    "link-help-down": channels.HelpDown,
    "link-help-up": channels.HelpUp,
    "link-practised": channels.PractisedUp,
    "link-pair-asked": channels.PairAsked,
    "signalling-signal": signalling.Signal,
    "signalling-here": signalling.Here,
    "signalling-came": signalling.Came,
    "signalling-left": signalling.Left,
    "signalling-relays": signalling.Relays,
    "signalling-over": signalling.Over,
    "signalling-beat": signalling.HubBeat,
    "trust-hello": trust.Hello,
    "trust-description": trust.Description,
    "trust-refused": trust.Refused,
    "trust-roster": trust.Roster,
    "trust-signed-roster": trust.SignedRoster,
    "talk-people": conversation.People,
    "talk-known": conversation.Known,
    "talk-admitted": conversation.Admitted,
    "talk-sending": conversation.Sending,
    "talk-want": conversation.Want,
    "talk-pause": conversation.PauseTalk,
    "talk-send-out": conversation.SendOut,
    "talk-emergency": conversation.CallForHelp,
    "talk-take-home": conversation.TakeHome,
    "talk-bye": conversation.Bye,
    "kiosk-show": visit.Show,
    "kiosk-checked-in": visit.CheckedIn,
    "kiosk-check-in": visit.CheckIn,
    "kiosk-check-in-code": visit.CheckInByCode,
    "kiosk-report": visit.KioskReport,
    "kiosk-confirm": visit.KioskConfirm,
    "kiosk-allow": visit.KioskAllow,
    "kiosk-decline": visit.KioskDecline,
    "kiosk-introduced": visit.KioskIntroduced,
    "kiosk-pause": visit.KioskPause,
    "kiosk-emergency": visit.KioskEmergency,
    "kiosk-help": visit.KioskHelp,
    "kiosk-practised": visit.KioskPractised,
    "kiosk-refused": visit.KioskRefused,
    "kiosk-roster": visit.KioskRoster,
    "kiosk-want-sheet": visit.WantSheet,
    "kiosk-sheet": visit.Sheet,
    "board": board.Board,
    "ctl-ask": measurement.Ask,
    "ctl-stop": measurement.StopAsking,
    "ctl-select-camera": measurement.SelectCamera,
    "ctl-lock-camera": measurement.LockCamera,
    "ctl-listen": measurement.Listen,
    "ctl-confirm": measurement.Confirm,
    "ctl-resend": measurement.Resend,
    "ctl-take-still": measurement.TakeStill,
    "ctl-still-ack": measurement.StillAck,
    "ctl-still-resume": measurement.StillResume,
    "ctl-introduced": measurement.Introduced,
    "ctl-allow": measurement.Allow,
    "ctl-pause": measurement.PauseDevices,
    "ctl-emergency": measurement.Alarm,
    "ctl-share": measurement.Share,
    "ctl-leave": measurement.Leave,
    "ctl-place": measurement.Place,
    "ctl-gate": measurement.GateIs,
    "ctl-allowed": measurement.Allowed,
    "ctl-ping": measurement.Ping,
    "ctl-pong": measurement.Pong,
    "ctl-sources": measurement.Sources,
    "ctl-progress": measurement.Progress,
    "ctl-device": measurement.DeviceIs,
    "ctl-confirmed": measurement.Confirmed,
    "ctl-closing": measurement.Closing,
    "ctl-still-offered": measurement.StillOffered,
    "ctl-still-failed": measurement.StillFailed,
    "vital": measurement.Vital,
}
"""Everything that travels on its own, by the name of its files."""

PARTS: tuple[type[Message], ...] = (
    board.BoardRow,
    board.Call,
    board.Delay,
    checks.BlockedDevice,
    channels.HelpIs,
    checks.CheckReport,
    checks.CheckResult,
    checks.MachineSeen,
    day.DayPlan,
    day.Elsewhere,
    day.Fact,
    day.InLanguage,
    day.Learnt,
    day.MachineKey,
    day.PlannedDevice,
    day.PlannedVisit,
    day.Spread,
    day.Ticket,
    day.Way,
    day.Word,
    conversation.Person,
    conversation.Instruction,
    conversation.Instructions,
    conversation.NextTime,
    measurement.Camera,
    visit.Line,
    visit.SheetLine,
    visit.ToAllow,
    visit.ToConfirm,
    signalling.Participant,
    signalling.Relay,
    trust.RosterKey,
)
"""What travels only inside others."""


@dataclass(frozen=True)
class Channel:
    """One socket as `schemas.channels` lists it. *down*: from who is connected to; *up*: to it."""

    address: str
    opened_by: str
    at: str
    down: tuple[str, ...]
    up: tuple[str, ...]


TO_KIOSK = ("kiosk-show", "kiosk-checked-in", "kiosk-roster", "kiosk-sheet")
CHANNELS: dict[str, Channel] = {
    "link": Channel(
        "/link",
        opened_by="room agent",
        at="centre",
        down=(
            *("challenge", "link-plan", "link-roster", "link-facts-down"),
            *("link-taken", "link-help-down", "link-pair-answer", "link-beat"),
        ),
        up=(
            *("proof", "link-facts-up", "link-checks", "link-blocked"),
            *("link-refused", "link-help-up", "link-practised", "link-pair-asked", "link-beat"),
        ),
    ),
    "signalling": Channel(
        "/signalling/{visit}",
        opened_by="browser of a doctor or guest, room agent",
        at="centre",
        down=("challenge", *(kind for kind in KINDS if kind.startswith("signalling-"))),
        up=("proof", "signalling-signal", "signalling-beat"),
    ),
    "kiosk": Channel(
        "/kiosk/socket",
        opened_by="kiosk page",
        at="room agent",
        down=("challenge", *TO_KIOSK),
        up=("proof", *(kind for kind in KINDS if kind.startswith("kiosk-") and kind not in TO_KIOSK)),
    ),
    "kiosk-signalling": Channel(
        "/kiosk/signalling",
        opened_by="kiosk page",
        at="room agent, which passes it on",
        down=("challenge", *(kind for kind in KINDS if kind.startswith("signalling-"))),
        up=("proof", "signalling-signal", "signalling-beat"),
    ),
    "feed": Channel("/feed", opened_by="monitor", at="room agent", down=("challenge", "board"), up=("proof",)),
}


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one message. Readers skip what they do not know, so nothing is forbidden that is not named."""
    return {"$schema": DRAFT, "$id": f"urn:telemed:schema:{kind}:v{VERSION}", **KINDS[kind].model_json_schema()}


def asyncapi() -> dict[str, Any]:
    """The sockets (AsyncAPI 3.0.0), written from the side of who is connected to: it sends what goes down."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "telemed", "version": str(VERSION), "description": "See protocol.md for order and rules."},
        "defaultContentType": "application/json",
        "channels": {name: _channel(channel) for name, channel in CHANNELS.items()},
        "operations": dict(_operations()),
        "components": {"messages": {kind: _message(kind) for kind in _on_sockets()}},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    described: dict[str, Any] = {
        "address": channel.address,
        "description": f"Opened by: {channel.opened_by}. At: {channel.at}.",
        "messages": {k: {"$ref": f"#/components/messages/{k}"} for k in sorted({*channel.down, *channel.up})},
    }
    if "{visit}" in channel.address:
        described["parameters"] = {"visit": {"description": "the id of the visit"}}
    return described


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, channel in CHANNELS.items():
        for action, kinds in (("send", channel.down), ("receive", channel.up)):
            messages = [{"$ref": f"#/channels/{name}/messages/{kind}"} for kind in kinds]
            yield (
                f"{name}-{action}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{name}"},
                    "messages": messages,
                },
            )


def _on_sockets() -> list[str]:
    return sorted({kind for channel in CHANNELS.values() for kind in (*channel.down, *channel.up)})


def _message(kind: str) -> dict[str, Any]:
    return {"name": kind, "payload": {"$ref": f"{kind}.v{VERSION}.schema.json"}}


def files() -> dict[str, str]:
    """What `PUBLISHED` must hold, by file name."""
    made = {f"{kind}.v{VERSION}.schema.json": json_schema(kind) for kind in KINDS}
    return {name: _text(content) for name, content in {**made, "asyncapi.json": asyncapi()}.items()}


def _text(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def example(kind: str) -> BaseModel:
    """The golden example of one message.

    Raises:
        ValidationError: it is not what the model says.
    """
    return KINDS[kind].model_validate_json((EXAMPLES / f"{kind}.v{VERSION}.json").read_bytes())


def stale(folder: Path = PUBLISHED) -> list[str]:
    """The names of files that are missing, different or too many."""
    wanted = files()
    there = {path.name: path.read_text() for path in folder.glob("*")} if folder.is_dir() else {}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def write(folder: Path = PUBLISHED) -> None:
    """Make *folder* what the models say."""
    folder.mkdir(exist_ok=True)
    wanted = files()
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text)


def main(arguments: list[str]) -> int:
    """Publish, or check that it has been done."""
    if arguments != ["--check"]:
        write()
        return 0
    found = stale()
    for name in found:
        print(f"schemas/published/{name} is stale: run make schemas")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

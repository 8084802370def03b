"""The commands as somebody types them: real processes, real files, one line and exit 2 when they cannot."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from typer.testing import CliRunner

from ops.programs import NAMES, ROOT, Programs, free_port
from telemed.__main__ import cli
from tests.warm import WarmPrograms

DATA = ROOT / "tests" / "data"
WINZERLA = DATA / "seed" / "winzerla"
BROKEN = '{"resourceType": "Practitioner", "id": "x", "gender": "sometimes"}'


def run(programs: Programs, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """``telemed`` with the settings of *programs*."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = programs.launch("telemed", *words, out=out, err=err, more=more).wait(60)
        return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with WarmPrograms(tmp_path, ports={name: free_port(0) for name in NAMES}) as made:
        yield made


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.json"
    path.write_text(BROKEN)
    return path


def test_a_broken_file_is_one_line_per_refusal_and_exit_2(programs: Programs, broken: Path) -> None:
    programs.prepare()
    done = run(programs, "import", str(broken))
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert "broken.json" in done.stdout
    assert "Practitioner.gender" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_running_centre_takes_files_over_http_and_no_second_process_opens_its_database(
    programs: Programs, broken: Path
) -> None:
    programs.prepare()
    programs.start("telemed")
    refused = run(programs, "import", str(broken))
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    local = programs.url("telemed")
    good = str(WINZERLA / sorted(path.name for path in WINZERLA.glob("*.json"))[0])
    token = {"TELEMED_TOKEN": programs.keys["bearer"]}
    taken = run(programs, "import", good, "--url", local, **token)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert "Practitioner/berger" in taken.stdout
    again = run(programs, "import", str(broken), "--url", local, **token)
    assert again.returncode == 2
    assert "Practitioner.gender" in again.stdout
    stranger = run(programs, "import", good, "--url", local, TELEMED_TOKEN="wrong")
    assert (stranger.returncode, len(stranger.stderr.splitlines())) == (2, 1)


def test_the_next_offers_are_one_line_each_with_and_without_a_running_centre(programs: Programs) -> None:
    programs.prepare()
    words = ("offers", "allgemein-20", "--doctor", "weiss", "--limit", "3")
    alone = run(programs, *words)
    programs.start("telemed")
    asked = run(programs, *words, "--url", programs.url("telemed"))
    for done in (alone, asked):
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        assert len(lines) == 3
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d0", start) for start, *_ in lines)
        assert all(doctor.endswith(" Weiß") for _, doctor, *_ in lines)
    second = run(programs, *words)
    assert (second.returncode, len(second.stderr.splitlines())) == (2, 1)


def test_a_token_opens_what_its_role_may_and_is_nowhere_on_the_disk(programs: Programs) -> None:
    programs.prepare()
    tokens = {}
    for words in (("operator", "stadtwerke"), ("client", "praxis", "--days", "1")):
        done = CliRunner().invoke(cli, ["token", *words], env=programs.environment())
        assert (done.exit_code, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)
        tokens[words[0]] = done.stdout.strip()
    programs.start("telemed")
    local = f"http://127.0.0.1:{programs.ports['telemed']}"
    for path, wanted in (("/roster/draft", {"operator": 200, "client": 200}), ("/fhir/Appointment", {"client": 200})):
        for role, given in tokens.items():
            answer = httpx.get(local + path, headers={"Authorization": f"Bearer {given}"})
            assert answer.status_code == wanted.get(role, 403), (path, role)
    for file in (each for each in programs.state.rglob("*") if each.is_file()):
        assert not any(given.encode() in file.read_bytes() for given in tokens.values()), file


WITHOUT = {
    ("nonsense",): "Das bieten wir hier nicht an.",
    ("allgemein-20", "--doctor", "nobody"): "kein Arzt",
    ("allgemein-20", "--device", "x-ray"): "Dafür fehlt hier ein Gerät.",
    ("allgemein-20", "--to", "2020-01-01"): "In dieser Zeit ist nichts frei.",
    ("allgemein 20",): "service: Hier stehen andere Zeichen als erlaubt.",
    ("allgemein-20", "--from", "soon"): "2027-01-12T09:00",
    ("allgemein-20", "--url", "http://127.0.0.1:1"): "does not answer",
}


def test_without_an_offer_it_says_why_in_one_line_and_ends_with_2(programs: Programs) -> None:
    programs.prepare()
    for words, why in WITHOUT.items():
        done = CliRunner().invoke(cli, ["offers", *words], env=programs.environment())
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), words
        assert why in done.stderr


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (("import", "/nowhere/at-all.json"), {}),
        (("migrate",), {"TELEMED_CENTRE_TYPO": "1"}),
        (("invite", "king", "weiss"), {}),
        (("token", "doctor", "weiss"), {}),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    programs: Programs, words: tuple[str, ...], more: dict[str, str]
) -> None:
    done = run(programs, *words, **more)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_the_register_names_purpose_retention_and_who_sees_it(programs: Programs) -> None:
    done = run(programs, "register")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {"booking", "people_person", "visit_fact"} <= {line[0] for line in lines}
    assert all(len(line) == 5 and all(line) for line in lines)


def test_another_quarter_is_another_folder(tmp_path: Path) -> None:
    with WarmPrograms(tmp_path, seed=WINZERLA, ports={name: free_port(0) for name in NAMES}) as programs:
        keys = programs.prepare()
        programs.start("telemed")
        page = httpx.get(f"http://127.0.0.1:{programs.ports['telemed']}/termin").text
    assert "Winzerla" in keys["quarter"]
    assert {one["url"].partition("#")[2] for one in keys["staff"]} == {programs.operator.public}
    assert 'name="service"' in page
    assert "Lobeda" not in page


def test_a_room_with_a_wrong_setting_does_not_start(programs: Programs) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "room_agent", "serve"],
        env={**os.environ, **programs.environment(), "TELEMED_ROOM_SIMULATED_FAULTS": "cuff=sulking"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)

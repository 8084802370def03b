"""``telemed roster``: keys are made and signed without database and network, and brought to the centre as files."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.trust import CALL_PICTURES, Roster, SignedRoster
from telemed import wiring
from telemed.app import make_app
from telemed.directory import service as directory
from telemed.identity import roster
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.kit.i18n import words
from telemed.kit.ids import to_base64
from telemed.kit.trust import key_pictures, read_roster
from telemed.operator.routes import Draft
from telemed.roster_commands import cli, pictures
from telemed.web import tickets
from tests.architecture import ROOT
from tests.builders import DOCTOR, quarter
from tests.rosters import OPERATOR_KEY, doctor_key, signed
from tests.serving import served_beside

VECTOR = ("gift", "pig", "bell", "mouse", "mushroom", "train")
KEYS = [to_base64(bytes([number]) * 32) for number in (1, 2, 3)]


def run(*words_given: object, answer: str = "", env: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words_given], input=answer, env=env)


@pytest.fixture
def operator(tmp_path: Path) -> tuple[Path, str]:
    """The operator's key, and its public half."""
    file = tmp_path / "operator.key"
    done = run("key", file)
    assert done.exit_code == 0
    return file, done.stdout.splitlines()[0]


def draft(folder: Path, *names: str) -> Path:
    """A draft with one doctor for each name."""
    keys = [doctor_key(key, subject=f"doctor-{key[:2]}", name=name) for key, name in zip(KEYS, names, strict=False)]
    file = folder / f"draft-{len(names)}.json"
    file.write_text(Draft(keys=tuple(keys)).model_dump_json())
    return file


def test_a_key_is_the_operator_s_alone_and_is_never_overwritten(operator: tuple[Path, str]) -> None:
    file, public = operator
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", public)
    before, again = file.read_bytes(), run("key", file)
    assert (again.exit_code, len(again.stderr.splitlines()), file.read_bytes()) == (2, 1, before)


def test_a_key_has_six_of_64_pictures_the_same_wherever_it_is_shown() -> None:
    key = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"  # that of protocol.md
    assert key_pictures(key) == VECTOR
    assert set(VECTOR) <= set(CALL_PICTURES)
    assert len({key_pictures(each) for each in KEYS}) == len(KEYS)
    assert pictures(key) == ", ".join(tickets.picture_name(each, words()) for each in VECTOR)


def test_what_is_signed_is_read_with_the_public_half_and_counts_on(operator: tuple[Path, str], tmp_path: Path) -> None:
    key, public = operator
    done = run("sign", draft(tmp_path, "Dr. A", "Dr. B"), "--key", key, "--days", 10, "--yes")
    assert done.exit_code == 0
    first = read_roster(SignedRoster.model_validate_json(done.stdout), [public])
    assert (first.seq, [each.name for each in first.keys]) == (1, ["Dr. A", "Dr. B"])
    assert first.issued_at < real_now() < first.expires_at < real_now() + timedelta(days=10)
    last = tmp_path / "last.json"
    last.write_text(done.stdout)
    again = run("sign", draft(tmp_path, "Dr. A"), "--key", key, "--last", last, "--yes")
    second = read_roster(SignedRoster.model_validate_json(again.stdout), [public])
    assert (second.seq, [each.name for each in second.keys]) == (2, ["Dr. A"])
    shown = run("show", last)
    assert shown.exit_code == 0
    for text in ("number 1", "Dr. B", pictures(KEYS[1]), public):
        assert text in shown.stdout


def test_each_change_is_shown_with_its_pictures_before_anything_is_signed(
    operator: tuple[Path, str], tmp_path: Path
) -> None:
    key, _ = operator
    last = tmp_path / "last.json"
    last.write_text(run("sign", draft(tmp_path, "Dr. A", "Dr. B"), "--key", key, "--yes").stdout)
    file = draft(tmp_path, "Dr. Anders")
    asked = run("sign", file, "--key", key, "--last", last, answer="y\n")
    told = {line.split()[0]: line for line in asked.stderr.splitlines()}
    assert asked.exit_code == 0
    for word, name, which in (("was", "Dr. A ", 0), ("becomes", "Dr. Anders", 0), ("gone", "Dr. B", 1)):
        assert name in told[word]
        assert pictures(KEYS[which]) in told[word]
    for answer in ("n\n", ""):
        refused = run("sign", file, "--key", key, "--last", last, answer=answer)
        assert refused.exit_code == 2
        assert "signature" not in refused.stdout


def test_a_former_roster_of_another_operator_is_refused(operator: tuple[Path, str], tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.json"
    foreign.write_text(signed([doctor_key(KEYS[0])]).model_dump_json())
    done = run("sign", draft(tmp_path, "Dr. A"), "--key", operator[0], "--last", foreign, "--yes")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    forged = json.loads(foreign.read_text()) | {"signature": to_base64(b"0" * 64)}
    foreign.write_text(json.dumps(forged))
    assert run("show", foreign).exit_code == 2


def test_a_key_that_others_may_read_signs_nothing_and_no_setting_of_a_centre_is_needed(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open.key"
    open_to_all.write_bytes(b"1" * 32)
    open_to_all.chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "telemed", "roster", "sign", str(draft(tmp_path, "Dr. A")), "--key", str(open_to_all)],
        env={"PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "readable by others" in done.stderr


def test_what_cannot_be_done_is_one_line_and_exit_2(operator: tuple[Path, str], tmp_path: Path) -> None:
    nowhere, binary = tmp_path / "nowhere.json", tmp_path / "binary.json"
    binary.write_bytes(b"\xff" * 32)
    for given in (
        ("sign", nowhere, "--key", operator[0], "--yes"),
        ("sign", binary, "--key", operator[0], "--yes"),
        ("sign", operator[0], "--key", operator[0], "--yes"),
        ("show", binary),
        ("show", draft(tmp_path, "Dr. A")),
        ("publish", nowhere),
        ("draft", "--url", "http://127.0.0.1:1"),
        ("draft", "--url", "nonsense"),
    ):
        done = run(*given)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), given


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    """The settings of a centre with a doctor who has enrolled a browser."""
    settings = {"TELEMED_CENTRE_STATE_DIR": str(tmp_path / "centre"), "TELEMED_CENTRE_OPERATOR_KEYS": OPERATOR_KEY}
    assert "there is no roster yet" in run("show", env=settings).stderr
    db = Database(wiring.read_settings(settings).url)
    with db.transaction() as tx:
        for resource in quarter():
            directory.take(tx, resource, now=real_now())
        roster.enrol(tx, DOCTOR, KEYS[0], now=real_now())
    db.dispose()
    return settings


def test_the_centre_drafts_and_publishes_by_itself(state: dict[str, str], tmp_path: Path) -> None:
    drafted = run("draft", env=state)
    assert [each.name for each in Draft.model_validate_json(drafted.stdout).keys] == ["Dr. Weiß"]
    file = tmp_path / "roster.json"
    file.write_text(signed([doctor_key(KEYS[0])], seq=3).model_dump_json())
    first, second = run("publish", file, env=state), run("publish", file, env=state)
    assert (first.exit_code, first.stdout.splitlines()[-1]) == (0, "published: number 3, 1 keys")
    assert (second.exit_code, len(second.stderr.splitlines())) == (2, 1)
    assert "number 3" in run("show", env=state).stdout


def test_a_running_centre_is_asked_over_http(state: dict[str, str], tmp_path: Path) -> None:
    settings = wiring.read_settings(state)
    centre = wiring.build(settings, Database(settings.url))
    with centre.db.transaction() as tx:
        token = identity.give_bearer(tx, Actor(Role.CLIENT, "operator's machine"), now=centre.clock.now())
    file = tmp_path / "roster.json"
    with served_beside(make_app(centre)) as server:
        lets_in = {"TELEMED_TOKEN": token}
        drafted = Draft.model_validate_json(run("draft", "--url", server.address, env=lets_in).stdout)
        file.write_text(signed(drafted.keys).model_dump_json())
        stranger = run("publish", file, "--url", server.address, env={"TELEMED_TOKEN": "wrong"})
        assert run("publish", file, "--url", server.address, env=lets_in).exit_code == 0
        again = run("publish", file, "--url", server.address, env=lets_in)
        for refused in (stranger, again):
            assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)
        assert "Dr. Weiß" in run("show", "--url", server.address).stdout
        assert isinstance(roster_of(centre.db), Roster)
    centre.db.dispose()


def roster_of(db: Database) -> Roster | None:
    with db.reading() as tx:
        return roster.roster(tx)

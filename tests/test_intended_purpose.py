"""The product cannot record, and judges no value: what docs/intended-purpose.md promises, held in every file."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from room_agent.devices.driver import Component, Measurement
from room_agent.devices.observation import observations
from schemas.measurement import MeasurementKind
from tests.purpose import FIELD, MAY_STORE, ROOT, everything, fields, in_file

PUBLISHED = ROOT / "schemas" / "published"
ABOUT_VISITS = ("ctl-*", "vital*", "talk-*", "kiosk-*", "signalling-*", "trust-*")
DESK = "telemed/desk/static/js"


def test_nothing_records_and_nothing_judges_a_value() -> None:
    found = everything()
    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("path", "source", "what"),
    [
        ("room_agent/media/x.py", "from aiortc.contrib.media import MediaRecorder", "imports MediaRecorder"),
        ("telemed/x.py", "import aiortc.contrib.media as m\nm.MediaRecorder('x.mp4')", "takes MediaRecorder"),
        ("signage/x.py", "import cv2", "imports cv2"),
        ("room_agent/x.py", "import av\nav.open('x.mp4', 'w')", "writes a container: av.open"),
        ("room_agent/x.py", "import av\nav.open(name, mode='w')", "writes a container: av.open"),
        ("room_agent/x.py", "box.mux(packet)", "writes a container: mux"),
        ("room_agent/x.py", "run(['ffmpeg', '-i', source])", "starts ffmpeg"),
        ("room_agent/media/x.py", "path.write_bytes(frame)", "writes a file: write_bytes"),
        ("room_agent/media/x.py", "with open(path, 'wb') as file: pass", "writes a file: open"),
        ("room_agent/record.py", "path.open('a')", "writes a file: open"),
        ("room_agent/media/x.py", "from telemed.kit.waves import to_mp3", "imports telemed.kit.waves"),
        ("room_agent/peers.py", "from telemed.kit import waves", "imports telemed.kit.waves"),
        (f"{DESK}/x.js", "const r = new MediaRecorder(stream);", "records"),
        ("room_agent/kiosk/static/js/x.js", "canvas.captureStream(30)", "records"),
        ("telemed/web/static/js/x.js", "navigator.mediaDevices.getDisplayMedia()", "records"),
        (f"{DESK}/vitals.js", "sessionStorage.setItem('v', text);", "keeps something in the browser"),
        (f"{DESK}/card.js", "if (value > 140) card.classList.add('high');", "compares a value with a limit"),
        (f"{DESK}/trend.js", "const referenceRange = [36, 38];", "names what is too high or low"),
    ],
)
def test_what_is_forbidden_would_be_found(path: str, source: str, what: str) -> None:
    assert what in [found.what for found in in_file(source, path)]


def test_a_planted_file_is_found_and_what_only_speaks_of_it_is_not(tmp_path: Path) -> None:
    planted = tmp_path / "room_agent" / "media" / "keep.py"
    planted.parent.mkdir(parents=True)
    planted.write_text("from aiortc.contrib.media import MediaRecorder\n")
    (planted.parent / "words.py").write_text('"""No MediaRecorder here."""\n# nor av.open(x, "w")\n')
    assert [str(found) for found in everything(tmp_path)] == ["room_agent/media/keep.py:1 imports MediaRecorder"]
    assert list(in_file("/* MediaRecorder */ // captureStream\n/** localStorage */", f"{DESK}/x.js")) == []


def test_reading_a_file_and_a_camera_is_no_recording() -> None:
    for source in (
        "av.open(path, format='v4l2')",
        "open(path)",
        "path.open()",
        "open(path, 'rb')",
        "device.open('hw:0')",
    ):
        assert list(in_file(source, "room_agent/media/x.py")) == []


def test_whoever_may_keep_something_still_exists() -> None:
    assert not [path for path in MAY_STORE if not (ROOT / path).is_file()]


def test_no_message_of_a_visit_has_a_field_for_a_verdict() -> None:
    seen = {
        (path.name, name)
        for pattern in ABOUT_VISITS
        for path in PUBLISHED.glob(f"{pattern}.schema.json")
        for name in fields(json.loads(path.read_text(encoding="utf-8")))
    }
    assert len({name for name, _ in seen}) > 10
    assert {found for found in seen if FIELD.search(found[1])} == set()
    assert all(FIELD.search(name) for name in ("reference_range", "referencerange", "risk_score", "threshold"))


@pytest.mark.parametrize("kind", MeasurementKind)
def test_an_observation_says_what_was_measured_and_no_more(kind: MeasurementKind) -> None:
    now = datetime(2026, 12, 1, 8, tzinfo=UTC)
    codes = (150021, 150022, 149546, 150456, 149530, 150364, 188736, 160184, 147842)
    parts = tuple(Component(code, (), Decimal("200.0"), "1") for code in codes)
    measurement = Measurement("d", kind, parts, b"", None, now, now, now, flags=("irregular-pulse",))
    made = observations(measurement, visit_id="v", device_id="d", now=now)
    assert made
    for each in made:
        assert not {"interpretation", "referenceRange", "derivedFrom", "hasMember"} & set(each)
        assert all(set(part) <= {"code", "valueQuantity", "dataAbsentReason"} for part in each.get("component", []))


def test_every_picture_of_a_page_is_taken_without_media() -> None:
    """`tests/e2e/shots.py` hides what cameras show; one test has its control, and says so."""
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(ROOT.glob("tests/**/*.py")) + sorted(ROOT.glob("ops/**/*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ".screenshot(" in line and "# unsafe:" not in line and path.name not in {"shots.py", Path(__file__).name}
    ]
    assert lines == []

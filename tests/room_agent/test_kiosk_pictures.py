"""Each measurement has a picture of its own in the room: where on the body the device goes, without a word."""

import re
from pathlib import Path

from schemas.measurement import MeasurementKind

KIOSK = Path(__file__).parents[2] / "room_agent" / "kiosk"
DEVICE = "#ffc23d"


def test_every_kind_has_a_picture_in_which_the_device_stands_out() -> None:
    pictures = [(KIOSK / "static" / "img" / f"measuring-{kind}.svg").read_text() for kind in MeasurementKind]
    assert len(set(pictures)) == len(MeasurementKind)
    for picture in pictures:
        assert DEVICE in picture
        assert "<text" not in picture


def test_the_kiosk_shows_it_at_each_step() -> None:
    page = (KIOSK / "templates" / "kiosk.html").read_text()
    steps = re.search(r"{% for kind in \((.*?)\) %}\s*<div class=\"step\" data-measuring", page)
    assert steps is not None
    assert set(re.findall(r"'([a-z-]+)'", steps[1])) == set(MeasurementKind)
    assert 'src="/static/kiosk/img/measuring-{{ kind }}.svg"' in page

"""What came from elsewhere is what was written down; each ticket picture has its name."""

import base64
import hashlib
import re
from pathlib import Path

from schemas.day import Ticket
from telemed.kit.i18n import words
from telemed.web import tickets
from telemed.web.pages import STATIC


def test_every_vendored_file_has_the_hash_that_was_written_down() -> None:
    listed = {}
    for line in (STATIC / "vendor" / "vendor.sha384").read_text().splitlines():
        digest, name = line.split("  ")
        listed[name] = digest
    found = [*(STATIC / "vendor").rglob("*"), *(STATIC / "tickets").glob("*")]
    names = {p.relative_to(STATIC).as_posix() for p in found if p.is_file()} - {"vendor/vendor.sha384"}
    assert names == set(listed)
    for name, digest in listed.items():
        actual = base64.b64encode(hashlib.sha384((STATIC / name).read_bytes()).digest()).decode()
        assert digest == f"sha384-{actual}", name


def test_every_package_has_its_licence() -> None:
    text = (STATIC / "vendor" / "LICENCES").read_text(encoding="utf-8")
    for name in ("atkinson-hyperlegible-next", "inter", "lucide-static", "fluent-emoji-flat", "healthicons"):
        assert f"{name}@" in text


def test_nothing_of_the_look_comes_from_elsewhere() -> None:
    for path in [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")]:
        assert not re.search(r"https?://", path.read_text(encoding="utf-8")), path.name


def test_each_picture_of_a_ticket_fits_one() -> None:
    assert len(tickets.PICTURES) >= 24
    for picture in tickets.PICTURES:
        assert Ticket(picture=picture, letter=tickets.LETTERS[0], digits=tickets.DIGITS[:2])


def test_each_of_the_64_pictures_of_a_call_has_a_file_and_a_name_of_its_own() -> None:
    assert len(set(tickets.CALL_PICTURES)) == 64
    assert set(tickets.PICTURES) < set(tickets.CALL_PICTURES)
    names = [tickets.picture_name(picture, words()) for picture in tickets.CALL_PICTURES]
    assert len(set(names)) == 64
    assert {p.stem for p in Path(tickets.FOLDER).glob("*.svg")} == set(tickets.CALL_PICTURES)
    assert len({p.read_bytes() for p in Path(tickets.FOLDER).glob("*.svg")}) == 64


def test_a_ticket_is_printed_in_one_line_and_read_out_letter_by_word() -> None:
    ticket = Ticket(picture="fish", letter="K", digits="47")
    assert tickets.text(ticket, words()) == "Fisch K 47"
    assert tickets.spoken(ticket, words()) == "Fisch, K wie Köln, 4 7"
    assert all(f"ticket.alphabet.{letter.lower()}" in words() for letter in tickets.LETTERS)

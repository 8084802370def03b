"""A call is put together in every language: picture, letter, digits one by one, and the room."""

import re

import pytest

from schemas.board import Announced
from schemas.day import DIGITS, LANGUAGES, LETTERS, PICTURES, InLanguage
from signage.speech import SPOKEN, announcement, call, every, languages
from telemed.kit.i18n import words
from tests.signage.boards import make_ticket

BIRD = make_ticket("bird", "K", "47")


def said(language: str) -> str:
    return ", ".join(piece.text for piece in call(BIRD, "Raum 1", language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Vogel, K, vier, sieben, bitte, Raum 1"),
        ("en", "Bird, K, four, seven, please come to, Raum 1"),
        ("tr", "Kuş, K, dört, yedi, lütfen gelin, Raum 1"),
        ("ar", "طائر, كيه, أربعة, سبعة, يرجى التوجه إلى, Raum 1"),
        ("uk", "Пташка, ка, чотири, сім, будь ласка, пройдіть до, Raum 1"),
        ("ru", "Птица, ка, четыре, семь, пожалуйста, пройдите в, Raum 1"),
        ("pl", "Ptak, K, cztery, siedem, proszę wejść do, Raum 1"),
    ],
)
def test_a_call_in_each_language(language: str, text: str) -> None:
    assert said(language) == text
    *own, room = call(BIRD, "Raum 1", language)
    assert {piece.language for piece in own} == {language}
    assert (room.language, room.name) == ("de", "room-raum-1")


def test_a_room_is_said_in_the_own_language_where_somebody_translated_its_name() -> None:
    told = (InLanguage(language="tr", text="Oda 1"), InLanguage(language="ar", text="الغرفة"))
    rooms = [call(BIRD, "Raum 1", language, told)[-1] for language in ("tr", "ar", "uk", "de")]
    assert [room.text for room in rooms] == ["Oda 1", "الغرفة", "Raum 1", "Raum 1"]
    assert [room.language for room in rooms] == ["tr", "ar", "de", "de"]
    assert all(re.fullmatch(r"[a-z0-9-]+", room.name) for room in rooms)


def test_each_person_is_called_in_the_own_language_and_in_german_and_nobody_twice_in_the_same() -> None:
    assert languages("tr") == ("tr", "de")
    assert languages("de") == languages("de-simple") == languages("xx") == ("de",)


def test_the_manifest_has_each_piece_once_and_under_a_name_that_is_a_files() -> None:
    pieces = list(every(["Raum 1", "Büro, 2. Stock"]))
    assert len(pieces) == len(SPOKEN) * (len(PICTURES) + len(LETTERS) + len(DIGITS) + 1 + len(Announced)) + 2
    assert len({(piece.language, piece.name) for piece in pieces}) == len(pieces)
    assert all(re.fullmatch(r"[a-z0-9-]+", piece.name) for piece in pieces)
    assert all(piece.text and "⟦" not in piece.text and "[de]" not in piece.text for piece in pieces)
    assert pieces[-1].name == "room-buro-2-stock"


def test_every_call_that_can_come_is_made_of_the_manifest() -> None:
    manifest = set(every(["Raum 1"]))
    assert set(SPOKEN) < set(LANGUAGES)
    for language in SPOKEN:
        for picture, letter, digit in zip(PICTURES, LETTERS * 2, DIGITS * 5, strict=False):
            assert set(call(make_ticket(picture, letter, digit * 2), "Raum 1", language)) <= manifest
        assert all(f"signage.spoken.letter.{letter.lower()}" in words(language).own() for letter in LETTERS)


def test_what_is_announced_is_said_as_it_stands_on_the_glass() -> None:
    assert (
        announcement(Announced.LEAVE, "de").text
        == "Bitte verlassen Sie das Haus. Gehen Sie ruhig. Nehmen Sie nicht den Aufzug."
    )
    assert announcement(Announced.EMERGENCY, "en").text == "Emergency. Please keep the way clear. Help is coming."

"""A spoken call as pieces: picture, letter, digit, digit, "please", and the room. Pure.

Pieces and not whole sentences: each can be rendered once, and a person can record all of a language in an hour.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from schemas.board import Announced
from schemas.day import DIGITS, LANGUAGES, LETTERS, PICTURES, InLanguage, Ticket, in_language
from telemed.kit.i18n import GERMAN, SIMPLE, words
from telemed.kit.voice import Piece

SPOKEN = tuple(language for language in LANGUAGES if language != SIMPLE)
"""Einfache Sprache sounds like German: there is one voice for both."""


def languages(wanted: str) -> tuple[str, ...]:
    """In which languages somebody is called: in the person's own, then in German."""
    return (wanted, GERMAN) if wanted in SPOKEN and wanted != GERMAN else (GERMAN,)


def call(ticket: Ticket, room_name: str, language: str, told: tuple[InLanguage, ...] = ()) -> tuple[Piece, ...]:
    """What is said: "Vogel, K, vier, sieben, bitte, Raum 1".

    *told*: the room in other languages; where it is not, it is said in German, as there is to read on the door.
    """
    named = in_language(told, language, "")
    return (
        _picture(ticket.picture, language),
        _letter(ticket.letter, language),
        *(_digit(digit, language) for digit in ticket.digits),
        _please(language),
        room(named, language) if named else room(room_name),
    )


def announcement(what: Announced, language: str) -> Piece:
    """What is said to everybody, as it stands on the glass."""
    key, spoken = f"signage.announced.{what}", words(language)
    return Piece(language, f"announced-{what}", f"{spoken.text(key).rstrip('.')}. {spoken.text(f'{key}.more')}")


def every(rooms: Iterable[str]) -> Iterator[Piece]:
    """All that can be said in a house with these *rooms*, for whoever renders or records it."""
    for language in SPOKEN:
        yield from (_picture(picture, language) for picture in PICTURES)
        yield from (_letter(letter, language) for letter in LETTERS)
        yield from (_digit(digit, language) for digit in DIGITS)
        yield _please(language)
        yield from (announcement(what, language) for what in Announced)
    yield from (room(name) for name in rooms)


def room(name: str, language: str = GERMAN) -> Piece:
    """In another writing a name has no letters of a file's name: those of its signs stand for it."""
    return Piece(language, f"room-{_plain(name) or name.encode().hex()[:32]}", name)


def _picture(picture: str, language: str) -> Piece:
    return Piece(language, f"picture-{picture}", words(language).text(f"ticket.{picture}"))


def _letter(letter: str, language: str) -> Piece:
    return Piece(language, f"letter-{letter.lower()}", words(language).text(f"signage.spoken.letter.{letter.lower()}"))


def _digit(digit: str, language: str) -> Piece:
    return Piece(language, f"digit-{digit}", words(language).text(f"signage.spoken.digit.{digit}"))


def _please(language: str) -> Piece:
    return Piece(language, "please", words(language).text("signage.spoken.please"))


def _plain(name: str) -> str:
    """*name* as part of a file's name: "Raum 1, Büro" → "raum-1-buro"."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return "-".join("".join(char if char.isalnum() else " " for char in letters).split())

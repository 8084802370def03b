"""What residents read in German is plain: each text of three sentences and more, and each page as a whole."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from telemed.kit.i18n import GERMAN, LOCALE, SIMPLE, for_people, words
from telemed.web.pages import FrameInfo, Pages
from tests.architecture import ROOT
from tests.readable import PLAIN, Difficulty, Limits, difficulty, sentences

LIMITS = {GERMAN: PLAIN, SIMPLE: Limits(4.0, 25.0)}
SAMPLES = {
    "time": "9",
    "until": "10",
    "room": "Raum 1",
    "name": "Anna Weber",
    "day": "Dienstag",
    "date": "24. November",
}
"""What stands in for what a text fills in; a number for all else."""
BY_LAW = ("imprint", "terms")
"""Pages that say what a law wants to be said; these have a twin in Einfache Sprache instead."""
FOLDERS = ("telemed", "room_agent/kiosk")


def filled(key: str, language: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: SAMPLES.get(found[1], "10"), words(language).text(key))


def texts(language: str) -> Iterator[tuple[str, Difficulty]]:
    for key in sorted(for_people() & words(language).own()):
        found = difficulty(sentences(filled(key, language)))
        if found:
            yield key, found


def pages(language: str) -> Iterator[tuple[str, Difficulty]]:
    """Each page that residents see with the parts that it includes, its texts in the order in which they stand."""
    for name in templates():
        if name.rpartition("/")[2].startswith("_") or all_pages().is_for_staff(name):
            continue
        keys = [key for key in keys_in(name) if key in for_people()]
        if not words(language).own() >= set(keys):
            continue  # not all of it is translated yet
        found = difficulty(part for key in keys for part in sentences(filled(key, language)))
        if found:
            yield name, found


def folders() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("templates")) if path.is_dir()]


@cache
def all_pages() -> Pages:
    return Pages(*folders(), frame=FrameInfo(False, False, timedelta, "telemed"))


@cache
def templates() -> dict[str, str]:
    """All of them by the name that includes them."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for folder in folders()
        for path in sorted(folder.rglob("*.html"))
    }


def keys_in(name: str) -> Iterator[str]:
    for node in Environment().parse(templates().get(name, "")).find_all((nodes.Call, nodes.Include)):
        match node:
            case nodes.Include(template=nodes.Const(value=included)):
                yield from keys_in(included)
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=key), *_]):
                yield str(key)


def by_law(where: str) -> bool:
    return any(re.search(rf"(^|[/_.]){name}([._]|$)", where) for name in BY_LAW)


@pytest.mark.parametrize("language", LIMITS)
def test_what_people_read_is_plain(language: str) -> None:
    assert (LOCALE / language).is_dir()
    read = [*texts(language), *pages(language)]
    assert len(read) > 50 or language != GERMAN
    lenient = [where for where, _ in read if by_law(where)] if language == GERMAN else []
    hard = {where: str(found) for where, found in read if not found.within(LIMITS[language]) and where not in lenient}
    assert hard == {}


def test_the_figures_are_those_of_textstat() -> None:
    """Version 0.7.13, which takes seconds to be loaded."""
    found = difficulty(
        sentences("Sie kommen zu uns in den Raum. Sie warten, bis wir Sie rufen. Dann sprechen Sie mit dem Arzt.")
    )
    assert found
    assert found.wiener == pytest.approx(-1.7150140350877192)
    assert found.lix == pytest.approx(11.596491228070175)


def test_a_hard_text_is_found() -> None:
    found = difficulty(
        sentences(
            "Die Inanspruchnahme telemedizinischer Leistungen erfolgt unter Berücksichtigung geltender Vorschriften. "
            "Erforderliche Einwilligungserklärungen sind vorzulegen. Zuwiderhandlungen werden ausgeschlossen."
        )
    )
    assert found
    assert not found.within(PLAIN)

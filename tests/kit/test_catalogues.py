"""What people read and hear stands in eight languages: each has every word, with the parameters of the German.

That each of them has been read by a person who speaks the language is claimed nowhere: the catalogues say so.
"""

import re
from string import Formatter

import pytest

from schemas.day import LANGUAGES
from telemed.kit.i18n import GERMAN, LOCALE, SIMPLE, for_people, of_pages, words

OTHERS = [language for language in LANGUAGES if language != GERMAN]
FOREIGN = [language for language in OTHERS if language != SIMPLE]

ALIKE = {
    "en": {
        "kiosk.pairing.code",
        "mandate.name",
        "mine.name",
        "paper.cards.found",
        "paper.colour.orange",
        "ticket.ball",
        "ticket.hammer",
    },
    "pl": {
        "booking.way.phone",
        "camera.otoscope",
        "paper.cards.found",
        "paper.device.ecg",
        "paper.device.exam-camera",
        "ticket.cactus",
        "try.camera",
        "try.microphone",
    },
    "tr": {
        "booking.way.phone",
        "camera.otoscope",
        "paper.cards.found",
        "paper.device.ecg",
        "paper.device.exam-camera",
        "try.camera",
        "try.microphone",
    },
    "uk": {"paper.cards.found"},
    "ru": {"paper.cards.found"},
}
"""Which words are in truth the German ones, beside the letters, which are written alike."""

UNCHECKED = "noch nicht geprüft"
LONGEST_SENTENCE, LONGEST_WORD = 12, 14
"""In words and letters, for Einfache Sprache (notes on plain language); a number, a time or a link is a word."""


def german() -> dict[str, str]:
    """What every language must have."""
    all_of_it = words().starting("")
    return {key: all_of_it[key] for key in for_people()}


def own(language: str) -> dict[str, str]:
    spoken = words(language)
    return {key: spoken.text(key) for key in spoken.own()}


def parameters(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def forgotten(language: str, texts: dict[str, str]) -> set[str]:
    """Keys whose words are the German ones, and should not be."""
    alike = {key for key, text in texts.items() if text == german().get(key)}
    return {key for key in alike if not key.startswith("signage.spoken.letter.")} - ALIKE.get(language, set())


def too_hard(text: str) -> list[str]:
    """What Einfache Sprache does not say: sentences and words that are too long."""
    sentences = [part for part in re.split(r"[.!?:](?:\s|$)", text) if part]
    long = [part for part in sentences if len(part.split()) > LONGEST_SENTENCE]
    return long + [word for word in re.findall(r"\w+", text) if len(word) > LONGEST_WORD]


@pytest.mark.parametrize("language", OTHERS)
def test_no_word_is_missing_left_over_or_empty_and_each_has_its_parameters(language: str) -> None:
    texts = own(language)
    assert sorted(german().keys() - texts.keys()) == []
    assert sorted(texts.keys() - german().keys()) == []
    assert sorted(key for key, text in texts.items() if not text.strip()) == []
    differing = {key for key, text in texts.items() if parameters(text) != parameters(german()[key])}
    assert differing == set()


def test_every_language_is_offered_on_pages() -> None:
    assert of_pages() == LANGUAGES


@pytest.mark.parametrize("language", FOREIGN)
def test_no_word_is_german_by_negligence(language: str) -> None:
    assert forgotten(language, own(language)) == set()


@pytest.mark.parametrize("language", FOREIGN)
def test_each_picture_and_digit_has_a_name_of_its_own(language: str) -> None:
    texts = own(language)
    for prefix in ("ticket.", "signage.spoken.digit.", "signage.spoken.letter."):
        names = [text.casefold() for key, text in texts.items() if key.startswith(prefix)]
        assert len(names) == len(set(names)), prefix


def test_simple_german_is_simple() -> None:
    hard = {key: too_hard(text) for key, text in own(SIMPLE).items() if too_hard(text)}
    assert hard == {}


@pytest.mark.parametrize("language", OTHERS)
def test_each_catalogue_says_that_no_person_has_read_it(language: str) -> None:
    files = sorted((LOCALE / language).rglob("*.po"))
    assert len(files) > 4
    for path in files:
        head, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
        assert UNCHECKED in head, path.name
        assert '"X-Checked: no\\n"' in head, path.name


def test_what_was_forgotten_and_what_is_too_hard_would_be_found() -> None:
    assert forgotten("en", {"signage.title": "Wartezimmer", "ticket.ball": "Ball"}) == {"signage.title"}
    assert too_hard("Das ist gut. Die Terminvereinbarung auch.") == ["Terminvereinbarung"]
    assert len(too_hard(" ".join(["Wort"] * 13))) == 1

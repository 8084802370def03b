"""Words come from the catalogue, and what is missing can be seen."""

import pytest

from schemas.day import LANGUAGES
from telemed.kit.i18n import GERMAN, SIMPLE, Words, available, lacks, of_pages, words


def test_parameters_are_filled_in() -> None:
    assert Words("de", {"a.b": "In {minutes} Minuten"}).text("a.b", minutes=5) == "In 5 Minuten"


def test_a_missing_word_shows_itself() -> None:
    assert Words("de", {}).text("a.b") == "⟦a.b⟧"


def test_another_language_falls_back_to_german_visibly() -> None:
    english = Words("en", {"a": "yes"}, Words("de", {"a": "ja", "b": "nein"}))
    assert (english.text("a"), english.text("b"), english.text("c")) == ("yes", "[de] nein", "⟦c⟧")


def test_simple_german_falls_back_to_german_without_a_mark() -> None:
    simple = Words(SIMPLE, {"a": "Ja."}, Words("de", {"a": "ja", "b": "nein"}))
    assert (simple.text("a"), simple.text("b"), simple.text("c")) == ("Ja.", "nein", "⟦c⟧")


def test_a_page_gets_the_words_that_start_alike() -> None:
    assert Words("de", {"kiosk.a": "1", "kiosk.b": "2", "desk.a": "3"}).starting("kiosk.") == {
        "kiosk.a": "1",
        "kiosk.b": "2",
    }


def test_german_comes_first_and_has_no_empty_entry() -> None:
    assert available()[0] == GERMAN
    german = words()
    assert sorted(key for key, text in german.starting("").items() if not text.strip()) == []


def test_monitors_and_notices_speak_eight_languages_and_pages_only_those_that_lack_nothing() -> None:
    assert available() == LANGUAGES
    assert len(LANGUAGES) == 8
    assert GERMAN in of_pages()
    assert all(lacks(language) for language in set(available()) - set(of_pages()))


def test_arabic_is_written_from_right_to_left_and_simple_german_is_german_to_a_browser() -> None:
    assert {language: words(language).direction for language in LANGUAGES if language != "ar"} == {
        language: "ltr" for language in LANGUAGES if language != "ar"
    }
    assert (words("ar").direction, words("ar").lang) == ("rtl", "ar")
    assert words(SIMPLE).lang == "de"


def test_a_number_within_arabic_keeps_its_order_and_a_link_stays_bare() -> None:
    arabic = Words("ar", {"phone": "المساعدة: {phone}", "see": "{link}", "like": "مثل 123 456."})
    assert arabic.text("like") == "مثل \u2066123 456\u2069."
    assert arabic.text("phone", phone="03641 12") == "المساعدة: \u206803641 12\u2069"
    assert arabic.text("see", link="https://example.org/t/1") == "https://example.org/t/1"
    assert arabic.text("see", link="") == ""


def test_what_nobody_has_words_for_is_called_otherwise_and_german_comes_before_that() -> None:
    german = Words("de", {"a": "eins"})
    polish = Words("pl", {"b": "dwa"}, german)
    assert polish.text_or("b", "x") == "dwa"
    assert polish.text_or("a", "x") == polish.text("a")
    assert polish.text_or("c", "x") == "x"


def test_there_is_no_catalogue_of_a_language_that_we_do_not_speak() -> None:
    with pytest.raises(ValueError, match="no language"):
        words("xx")

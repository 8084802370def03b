"""Words come from the catalogue, and what is missing can be seen."""

from telemed.kit.i18n import GERMAN, Words, available, words


def test_parameters_are_filled_in() -> None:
    assert Words("de", {"a.b": "In {minutes} Minuten"}).text("a.b", minutes=5) == "In 5 Minuten"


def test_a_missing_word_shows_itself() -> None:
    assert Words("de", {}).text("a.b") == "⟦a.b⟧"


def test_another_language_falls_back_to_german_visibly() -> None:
    english = Words("en", {"a": "yes"}, Words("de", {"a": "ja", "b": "nein"}))
    assert (english.text("a"), english.text("b"), english.text("c")) == ("yes", "[de] nein", "⟦c⟧")


def test_a_page_gets_the_words_that_start_alike() -> None:
    assert Words("de", {"kiosk.a": "1", "kiosk.b": "2", "desk.a": "3"}).starting("kiosk.") == {
        "kiosk.a": "1",
        "kiosk.b": "2",
    }


def test_german_comes_first_and_has_no_empty_entry() -> None:
    assert available()[0] == GERMAN
    german = words()
    assert sorted(key for key, text in german.starting("").items() if not text.strip()) == []

"""The operator's page of languages: what is missing comes first, and that nobody has checked it is said."""

import pytest
from fastapi.testclient import TestClient

from schemas.day import LANGUAGES
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.kit.i18n import Words, for_people, words
from telemed.operator.texts import texts, untranslated
from tests.builders import SERVICE
from tests.builders import make_world as small
from tests.desk.test_pages import browser
from tests.desk.world import make_world

PAGE = "/betrieb/texte"


@pytest.fixture
def operator(sqlite_database: Database) -> TestClient:
    return browser(make_world(sqlite_database, visits=0), Role.OPERATOR, "operator")


def test_each_language_is_listed_and_one_is_shown_side_by_side(operator: TestClient) -> None:
    assert PAGE in operator.get("/betrieb").text
    page = operator.get(PAGE).text
    for language in LANGUAGES:
        assert f'data-language="{language}"' in page
    assert all(name in page for name in ("Deutsch", "Einfache Sprache", "Englisch", "Türkisch", "Arabisch", "Polnisch"))
    assert page.count("noch nicht geprüft") >= len(LANGUAGES) - 1
    arabic = operator.get(f"{PAGE}?in_language=ar&suche=ticket.fish").text
    assert 'lang="ar" dir="rtl"' in arabic
    assert words("ar").text("ticket.fish") in arabic
    assert words().text("ticket.fish") in arabic
    assert operator.get(f"{PAGE}?in_language=xx").status_code == 200


def test_what_is_missing_comes_first_and_a_search_looks_in_both_languages() -> None:
    few = Words("en", {"ticket.fish": "Fish"}, words())
    found = texts(few)
    assert len(found) == len(for_people())
    assert found[0].other is None
    assert found[-1] == texts(few, "FISH")[-1]
    assert texts(few, "Fisch")[-1].other == "Fish"
    assert texts(few, "nothing of the kind") == []


def test_names_of_the_directory_that_lack_a_translation_are_listed_with_where_they_stand(
    sqlite_database: Database,
) -> None:
    found = {where: lacking for where, _, lacking in untranslated(small(sqlite_database).directory)}
    assert {"Location", "Location/room-1", f"HealthcareService/{SERVICE}"} <= found.keys()
    assert found["Location/room-1"] == ["English", "Türkçe", "العربية", "Українська", "Русский", "Polski"]


def test_of_a_quarter_that_is_translated_no_name_is_listed(operator: TestClient) -> None:
    page = operator.get(PAGE).text
    assert "data-untranslated" not in page
    assert "Alle Namen sind übersetzt." in page

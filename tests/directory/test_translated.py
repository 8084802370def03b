"""Names, floors and ways in other languages: FHIR's translation extension, read, checked, and whole in our seeds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.day import LANGUAGES, in_language
from telemed.directory import fhir, rules
from telemed.directory.translated import OF_FLOOR, TRANSLATION
from telemed.kit.i18n import GERMAN, SIMPLE, Named, called, words
from tests.builders import quarter

ROOT = Path(__file__).parents[2]
SEEDS = [ROOT / "ops" / "seed" / "lobeda", ROOT / "tests" / "data" / "seed" / "winzerla"]
WAY = [{"url": "picture", "valueCode": "tree"}, {"url": "arrow", "valueCode": "left"}]
Resource = Mapping[str, Any]


def told(url: str = TRANSLATION, **contents: str) -> dict[str, list[Resource]]:
    def one(code: str, text: str) -> Resource:
        both = [{"url": "lang", "valueCode": code}, {"url": "content", "valueString": text}]
        return {"url": url, "extension": both}

    return {"extension": [one(code, text) for code, text in contents.items()]}


NOTHING_TOLD = told("translation", tr="")["extension"]


def room(**more: Any) -> dict[str, Any]:
    found = next(each for each in quarter() if each["resourceType"] == "Location" and each["id"] == "room-1")
    return {**found, **more}


def room_of(resource: Resource) -> Any:
    return fhir.directory([resource], version=1).rooms["room-1"]


def test_a_name_reads_as_german_and_is_said_in_each_language_that_somebody_translated() -> None:
    name = room_of(room(_name=told(tr="Oda 1", ar="الغرفة 1"))).name
    assert name == room()["name"] == f"{name}"
    assert [called(name, code) for code in ("tr", "ar", "uk", GERMAN, SIMPLE)] == ["Oda 1", "الغرفة 1", *[name] * 3]
    assert called("Raum", "tr") == "Raum"


def test_einfache_sprache_has_names_of_its_own_or_the_german_ones_and_a_region_has_those_of_its_language() -> None:
    assert called(Named("Gästewohnung", {SIMPLE: "Gäste-Wohnung"}), SIMPLE) == "Gäste-Wohnung"
    assert called(Named("Raum", {"en": "Room"}), "en-GB") == "Room"


def test_floor_and_way_are_translated_where_they_stand() -> None:
    way = [
        *WAY,
        {"url": "text", "valueString": "Links"},
        *told("translation", tr="Solda")["extension"],
    ]
    floor = [{"url": fhir.FLOOR, "valueString": "Erdgeschoss"}, *told(OF_FLOOR, tr="Giriş katı")["extension"]]
    found = room_of(room(extension=[*floor, {"url": fhir.WAY, "extension": way}]))
    assert called(found.floor, "tr") == "Giriş katı"
    assert in_language(found.way.texts, "tr", "") == "Solda"


def test_a_sentence_says_what_it_is_given_in_its_own_language() -> None:
    place = Named("Raum 1", {"tr": "Oda 1"})
    said = {code: words(code).text("notice.come_now", place=place, link="") for code in ("de", "tr", "uk")}
    assert "Raum 1" in said["de"]
    assert "Oda 1" in said["tr"]
    assert "Raum 1" in said["uk"]


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (room(_name=told(tr="")), "Location.name.extension[0]"),
        (room(_name=told(tr="x" * 121)), "Location.name.extension[0]"),
        (room(extension=told(OF_FLOOR, tr="")["extension"]), "Location.extension[0]"),
        (
            room(extension=[{"url": fhir.WAY, "extension": [*WAY, *told("translation", tr="")["extension"]]}]),
            "Location.extension[0]",
        ),
        (room(_name={"extension": [{"url": TRANSLATION, "extension": []}]}), "Location.name.extension[0]"),
    ],
)
def test_a_translation_without_words_or_without_a_language_is_refused_with_its_place(
    resource: Resource, place: str
) -> None:
    assert [fault.expression for fault in rules.faults(resource)] == [place]


@pytest.mark.parametrize("folder", SEEDS, ids=lambda folder: folder.name)
def test_nothing_that_people_read_of_our_quarters_lacks_a_translation(folder: Path) -> None:
    resources = [
        each["resource"]
        for path in sorted(folder.glob("*.json"))
        for each in json.loads(path.read_text()).get("entry", ())
    ]
    known = fhir.directory(resources, version=1)
    names = [known.quarter_name, *(room.name for room in known.rooms.values())]
    names += [service.name for service in known.services.values()]
    names += [one.floor for one in known.rooms.values() if one.floor]
    ways = [one.way for one in known.rooms.values() if one.way and one.way.text]
    assert all({*LANGUAGES} - {GERMAN, SIMPLE} <= {told.language for told in way.texts} for way in ways)
    assert len(names) >= 3
    lacking = [
        (name, code)
        for name in names
        for code in LANGUAGES
        if code not in (GERMAN, SIMPLE) and not (isinstance(name, Named) and code in name.told)
    ]
    assert lacking == []

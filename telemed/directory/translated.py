"""What things are called in other languages. Pure.

A name has FHIR's translation extension in ``_name``: ``lang`` (valueCode, BCP 47; ``de-simple`` is Einfache Sprache)
and ``content`` (valueString). Floors and ways are extensions of ours, and the library that validates knows nothing
beside the value of one: their translations hold the same two and stand next to them, on the Location as
``urn:telemed:fhir:floor-translation``, within the way as ``translation``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from telemed.directory.hours import Fields, extensions, value
from telemed.fhir.issues import Issue
from telemed.kit.i18n import Named

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
OF_FLOOR = "urn:telemed:fhir:floor-translation"
OF_WAY = "translation"
NAMED = ("HealthcareService", "Location")
"""Of what people read the names; those of people and devices are the same in all languages, or for staff."""
LONGEST = 120


def name(fields: Fields, default: str = "") -> str:
    """The name of a resource, with what it is in other languages."""
    return text(fields.get("name", default), extensions(_beside_name(fields), TRANSLATION))


def text(german: str, translations: Iterable[Fields]) -> str:
    """*german* with what it is in other languages."""
    told = {_lang(each): _content(each) for each in translations}
    return Named(german, told) if told else german


def faults(fields: Fields, kind: str) -> Iterator[Issue]:
    """What is wrong with the translations of a resource, each with its place."""
    if kind in NAMED:
        yield from _of(_beside_name(fields), TRANSLATION, f"{kind}.name")
    yield from _of(fields, OF_FLOOR, kind)


def is_one(extension: Fields) -> bool:
    """Whether an extension says in which language something is called how."""
    return bool(_lang(extension)) and 0 < len(_content(extension)) <= LONGEST


def _of(fields: Fields, url: str, place: str) -> Iterator[Issue]:
    for n, each in enumerate(fields.get("extension", ())):
        if each.get("url") == url and not is_one(each):
            what = f"a translation holds lang (valueCode) and content (valueString of at most {LONGEST} characters)"
            yield Issue("value", what, f"{place}.extension[{n}]")


def _beside_name(fields: Fields) -> Any:
    return fields.get("_name") or {}


def _lang(translation: Fields) -> str:
    return str(value(translation, "lang", "valueCode", ""))


def _content(translation: Fields) -> str:
    return str(value(translation, "content", "valueString", ""))

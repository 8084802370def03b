"""Something wrong with a value, a text, an XML document, headers and an address; `Sent` is what is sent in the end."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote

from lxml import etree

from telemed.fhir import xml

JSON_TYPE, XML_TYPE = "application/fhir+json", "application/fhir+xml"


@dataclass(frozen=True)
class Sent:
    """One request. *value*: the body as a value; *body*: its bytes, where they are not just *value* as JSON."""

    method: str
    path: str
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        return b"" if self.value is None else json.dumps(self.value).encode()

    @property
    def is_xml(self) -> bool:
        return "xml" in self.headers.get("content-type", "")


ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, "", " ", "x", "0", "\u0000", "\U0001f4a5", "\ud800", "|", "a|b"),
    *("booked", "cancelled", "proposed", "pending", "inactive", "2026-02-30", "9999-12-31T23:59:59Z", "#x", "#"),
    *("x" * 70, "0001-01-01T00:00:00+14:00", "2026-11-24T09:00:00", "24:00:00", "08:00:00", "en-US", "8 o'clock"),
    *("Patient/p1", "Patient/", "/", "Slot/x", "Appointment/known-1", "http://[", "urn:uuid:1", "Practitioner/brandt"),
    *([], {}, [[]], [None], [{}], {"x": 1}, {"resourceType": "Patient"}, {"resourceType": "Nonsense"}),
    *({"reference": 7}, {"coding": [{}]}, {"text": 5}, {"extension": [{"url": "x"}]}, {"reference": "urn:uuid:2"}),
    *({"resourceType": "Bundle", "type": "batch"}, {"extension": [{"url": "x", "valueString": "y"}]}),
]
UNKNOWN = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
NAMES = [
    *("extension", "id", "status", "contained", "meta", "language", "implicitRules", "_status", "text", "start", "x"),
    *("", "resourceType", "modifierExtension", "_id"),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of all that is within *value*, as names and numbers from outside to inside."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*at, name))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from places(item, (*at, n))


def mutated(random: Random, value: Any) -> Any:
    """*value* with something wrong in it; now and then nothing."""
    made = copy.deepcopy(value)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        found = list(places(made))
        if not found:
            break
        *way, last = random.choice(found)
        holder = made
        for step in way:
            holder = holder[step]
        _break(random, holder, last)
    return made


def _break(random: Random, holder: Any, last: Any) -> None:
    match random.randrange(7):
        case 0:
            del holder[last]
        case 6 if isinstance(holder, dict) and isinstance(holder[last], str | int | float):
            holder[f"_{last}"] = copy.deepcopy(UNKNOWN)  # why there is no value (R4, data-absent-reason)
            del holder[last]
        case 6 if isinstance(holder, dict) and isinstance(holder[last], list):
            holder[f"_{last}"], holder[last] = [copy.deepcopy(UNKNOWN)], [None, *holder[last][1:]]
        case 1 | 2:
            holder[last] = copy.deepcopy(random.choice(ODD))
        case 3 if isinstance(holder, dict):
            holder[random.choice(NAMES)] = copy.deepcopy(holder[last])
        case 4 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        case _:
            holder[last] = [copy.deepcopy(holder[last])]


def mostly(random: Random, value: Any, often: float = 0.7) -> Any:
    """Mutated, so often."""
    return mutated(random, value) if random.random() < often else value


HEADERS: dict[str, tuple[str, ...]] = {
    "accept": (
        *("", "*/*", "application/fhir+xml", "application/fhir+xml", "text/html", "application/fhir+json;q=x", ";;,,"),
        *("application/fhir+json; fhirVersion=4.0", "application/fhir+xml; fhirVersion=5.0", "text/xml;q=0, */*;q=0.1"),
    ),
    "content-type": (
        *(
            "",
            "application/json",
            "text/plain",
            "application/fhir+json; charset=latin-1",
            "application/json-patch+json",
        ),
        *("application/x-www-form-urlencoded", "application/fhir+json; fhirVersion=3.0", "application/fhir+xml", "*/*"),
    ),
    "if-match": ('W/"1"', '"1"', 'W/"2"', 'W/"99"', "1", "*", "", 'W/""', "\xe4", "x" * 300, 'W/"1", W/"2"'),
    "if-none-exist": (
        *("", "?", "_id=weiss", "name=Raum 1", "Location?name=Raum", "unheard-of=1", "name=", "identifier=a|b"),
        *("identifier=|", "%", "&&=", "_count=1", "actor:Practitioner.name=x", "\xe4", "active=true", "_lastUpdated=x"),
    ),
    "prefer": ("", "return=minimal", "return=representation", "return=OperationOutcome", "return", "handling=strict"),
    "if-none-match": ("*", 'W/"1"', "", "x", '"' * 100),
    "if-modified-since": ("Tue, 24 Nov 2026 09:00:00 GMT", "yesterday", "", "Tue, 99 Nov 2026 09:00:00 +9999"),
    "authorization": ("", "Bearer", "Bearer x", "Basic eDp5", "bearer \xe4"),
}
RARE = frozenset({"authorization"})
FORMATS = (
    "xml",
    "json",
    "application/fhir+xml",
    "application/fhir xml",
    "text/html",
    "",
    "x;fhirVersion=4.0",
    "\u0000",
)


def dressed(random: Random, sent: Sent) -> Sent:
    """The same in XML, in a broken text, with other headers, or asking for another format; mostly as it is."""
    if sent.value is not None and sent.body is None and random.random() < 0.2:
        sent = in_xml(random, sent)
    elif sent.value is not None and random.random() < 0.06:
        sent = replace(sent, body=_broken(random, sent.content))
    if random.random() < 0.25:
        names = [one for one in HEADERS if one not in RARE or random.random() < 0.1]
        more = {name: random.choice(HEADERS[name]) for name in random.sample(names, random.choice((1, 1, 2)))}
        sent = replace(sent, headers={**sent.headers, **more})
    if random.random() < 0.06:
        mark = "&" if "?" in sent.path else "?"
        sent = replace(sent, path=f"{sent.path}{mark}_format={quote(random.choice(FORMATS))}")
    return sent


def in_xml(random: Random, sent: Sent) -> Sent:
    """The body as XML, half of them with something wrong in it; what has no XML stays JSON."""
    try:
        content = xml.from_json(json.dumps(sent.value).encode())
    except Exception:  # what is broken already has no XML
        return sent
    headers = {**sent.headers, "content-type": XML_TYPE}
    return replace(sent, headers=headers, body=mutated_xml(random, content) if random.random() < 0.5 else content)


def mutated_xml(random: Random, content: bytes) -> bytes:
    """A document with something wrong in it."""
    if random.random() < 0.15:
        return _broken(random, content)
    root = etree.fromstring(content)
    node = random.choice(list(root.iter()))
    parent = node.getparent()
    match random.randrange(8):
        case 0 if parent is not None:
            parent.remove(node)
        case 1 if parent is not None:
            parent.append(copy.deepcopy(node))
        case 2:
            node.tag = random.choice(("x", "{http://hl7.org/fhir}status", "{http://hl7.org/fhir}Patient", "{urn:x}id"))
        case 3:
            node.attrib.pop("value", "")
        case 4:
            node.set(random.choice(("id", "url", "x", "value")), "x")
        case 5:
            node.append(random.choice((etree.Comment("x"), etree.PI("x"), etree.Element("x"))))
        case 6:
            node.text = "x"
        case _:
            texts = [one for one in ODD if isinstance(one, str) and one.isprintable()]
            node.set("value", random.choice(texts))
    return etree.tostring(root)


_WITHIN = (b"\x00", b"\xff", b"}", b"]", b'"', b",", b"<", b"&x;", b"NaN", b"1e999", b"<!DOCTYPE x>", b"\xed\xa0\x80")


def _broken(random: Random, content: bytes) -> bytes:
    """No text of its kind any more, mostly."""
    at = random.randrange(len(content) + 1)
    match random.randrange(6):
        case 0:
            return content[:at]
        case 1:
            return b"\xef\xbb\xbf" + content
        case 2:
            return b"[" * 3_000 + content
        case 3:
            return content.decode().encode("utf-16")
        case 4:
            return b""
        case _:
            return content[:at] + random.choice(_WITHIN) + content[at:]

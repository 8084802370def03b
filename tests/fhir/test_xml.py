"""XML in and out: the same resource, to the digit."""

import json
from pathlib import Path

import pytest

from telemed.fhir import xml
from telemed.fhir.issues import Malformed

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "fhir").glob("*/*.json"))
HEAD = '<Location xmlns="http://hl7.org/fhir">'


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_goes_to_xml_and_back(path: Path) -> None:
    there = xml.from_json(path.read_bytes())
    assert json.loads(xml.to_json(there)) == json.loads(path.read_bytes())


def test_decimals_keep_their_digits_both_ways() -> None:
    content = b'{"resourceType":"Location","position":{"longitude":11.600,"latitude":-50.8800}}'
    there = xml.from_json(content)
    assert b'<longitude value="11.600"/><latitude value="-50.8800"/>' in there
    assert xml.to_json(there) == content


def test_what_stands_beside_a_primitive_comes_back_at_its_place() -> None:
    content = b'{"resourceType":"Location","alias":["a",null,"c"],"_alias":[null,{"id":"q"},null]}'
    back = json.loads(xml.to_json(xml.from_json(content)))
    assert back["alias"] == ["a", None, "c"]
    assert back["_alias"][:2] == [None, {"id": "q"}]


@pytest.mark.parametrize(
    "text",
    [
        "<Location",
        "<Location/>",
        f"{HEAD}<colour value='red'/></Location>",
        f"{HEAD}<name value='a'/><name value='b'/></Location>",
        f"{HEAD}<position><longitude value='east'/></position></Location>",
        f"{HEAD}<contained/></Location>",
        '<Nonsense xmlns="http://hl7.org/fhir"/>',
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>{HEAD}<name value="&e;"/></Location>',
        f'<!DOCTYPE x [<!ENTITY e "a">]>{HEAD}<name value="&e;"/></Location>',
    ],
)
def test_what_is_not_fhir_xml_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        xml.to_json(text.encode())

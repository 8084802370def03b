"""What a request brings, read before anybody looks at what it says."""

import asyncio

import pytest
from starlette.requests import Request

from telemed.fhir.incoming import patch_text, preferences, resource_text, version_asked
from telemed.fhir.issues import Malformed, OffTheWire


def request(body: bytes = b"{}", **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


@pytest.mark.parametrize(
    "media", ["application/fhir+json", "application/json", "application/fhir+json;fhirVersion=4.0", ""]
)
def test_json_stays_as_it_came(media: str) -> None:
    text = b'{"resourceType":"Observation","valueQuantity":{"value":1.00}}'
    assert asyncio.run(resource_text(request(b"\xef\xbb\xbf" + text, content_type=media))) == text


def test_xml_becomes_json_text_with_its_digits() -> None:
    body = b'<Appointment xmlns="http://hl7.org/fhir"><status value="proposed"/></Appointment>'
    text = asyncio.run(resource_text(request(body, content_type="application/fhir+xml")))
    assert text == b'{"resourceType":"Appointment","status":"proposed"}'


@pytest.mark.parametrize(
    "media", ["text/html", "application/x-www-form-urlencoded", "*/*", "application/json;fhirVersion=5.0"]
)
def test_what_is_no_fhir_of_this_version_is_415(media: str) -> None:
    with pytest.raises(OffTheWire) as refused:
        asyncio.run(resource_text(request(content_type=media)))
    assert refused.value.status == 415


def test_no_body_is_malformed() -> None:
    with pytest.raises(Malformed):
        asyncio.run(resource_text(request(b" ", content_type="application/json")))


def test_a_json_patch_says_so_itself() -> None:
    assert asyncio.run(patch_text(request(b"[]", content_type="application/json-patch+json"))) == (b"[]", True)
    assert asyncio.run(patch_text(request(b"{}", content_type="application/fhir+json"))) == (b"{}", False)


def test_preferences_and_versions() -> None:
    assert preferences(request(prefer="respond-async, return=minimal")) == {"respond-async": "", "return": "minimal"}
    assert preferences(request()) == {}
    assert version_asked(request(if_match='W/"3"')) == "3"
    assert version_asked(request()) is None
    with pytest.raises(Malformed):
        version_asked(request(if_match="3"))

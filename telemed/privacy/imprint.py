"""Who runs the centre, read from the FHIR Organization that runs the quarter's places."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from telemed.privacy.model import Answerable, Operator

PURPOSE = "https://telemed.example/fhir/CodeSystem/contact-purpose"
"""What a contact is for: ``represents``, ``data-protection``, ``supervision``, ``accessibility``."""


def operator(organization: bytes) -> Operator:
    """*organization* is an Organization as JSON; what it does not say stays empty."""
    read = orjson.loads(organization)
    contacts = {_purpose(one): one for one in read.get("contact", ())}
    named = {code: _contact(contacts.get(code, {})) for code in ("represents", "data-protection")}
    others = {code: _contact(contacts.get(code, {})) for code in ("supervision", "accessibility")}
    itself = Answerable(read.get("name", ""), _address(read.get("address", ())), *_ways(read))
    return Operator(
        itself, named["represents"], named["data-protection"], others["supervision"], others["accessibility"]
    )


def _purpose(contact: Mapping[str, Any]) -> str:
    codings = contact.get("purpose", {}).get("coding", ())
    return next((str(each.get("code", "")) for each in codings if each.get("system") == PURPOSE), "")


def _contact(contact: Mapping[str, Any]) -> Answerable:
    address = contact.get("address")
    name = str(contact.get("name", {}).get("text", ""))
    return Answerable(name, _address([address] if address else ()), *_ways(contact))


def _address(addresses: Sequence[Mapping[str, Any]]) -> str:
    """In one line."""
    for one in addresses:
        town = " ".join(part for part in (one.get("postalCode", ""), one.get("city", "")) if part)
        return ", ".join(part for part in (*one.get("line", ()), town) if part)
    return ""


def _ways(read: Mapping[str, Any]) -> tuple[str, str]:
    """Telephone and mail."""
    ways = {each.get("system"): str(each.get("value", "")) for each in reversed(read.get("telecom", ()))}
    return ways.get("phone", ""), ways.get("email", "")

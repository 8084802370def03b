"""fhirpy and fhirclient, as whoever uses them writes: sign in, search, book, conflict, read back, cancel, search."""

from typing import Any, cast

import requests
from fhirclient import client as fhirclient_client
from fhirclient.models.appointment import Appointment
from fhirclient.models.slot import Slot
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome

Said = dict[str, Any]
PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Winter", "given": ["Karl"]}],
    "birthDate": "1951-04-02",
    "telecom": [{"system": "phone", "value": "030 1234567"}],
}


def wish(given: dict[str, str], slot: Said) -> Said:
    """What ``$book`` takes, as the notes of its vendors say."""
    appointment = {
        "resourceType": "Appointment",
        "status": "proposed",
        "start": slot["start"],
        "end": slot["end"],
        "slot": [{"reference": f"Slot/{slot['id']}"}],
        "serviceType": [{"text": given["service"]}],
        "participant": [{"actor": {"reference": "Patient/4711", "display": "Karl Winter"}, "status": "accepted"}],
    }
    parameter = [{"name": "appt-resource", "resource": appointment}, {"name": "patient", "resource": PATIENT}]
    return {"resourceType": "Parameters", "parameter": parameter}


def cancel() -> Said:
    """A FHIRPath patch."""
    part = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Appointment.status"},
        {"name": "value", "valueCode": "cancelled"},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}


async def with_fhirpy(given: dict[str, str]) -> Said:
    """fhirpy does not get tokens itself: it is given one. It sends ``Content-Type: application/json``."""
    form = {
        "grant_type": "client_credentials",
        "scope": given["scope"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": given["assertion"],
    }
    token = requests.post(given["token_endpoint"], data=form, timeout=20).json()["access_token"]
    client = AsyncFHIRClient(given["base"], authorization=f"Bearer {token}")
    wanted = client.resources("Slot").search(schedule=given["schedule"], status="free", start__ge=given["from"])
    slots = await wanted.sort("start").limit(10).fetch()
    slot = slots[0]
    made = await client.execute("Appointment/$book", method="post", data=wish(given, slot))
    try:
        await client.execute("Appointment/$book", method="post", data=wish(given, slot))
        conflict: Said = {}
    except OperationOutcome as refused:
        conflict = dict(refused.resource)
    read = await client.reference("Appointment", made["id"]).to_resource()
    cancelled = await client.execute(f"Appointment/{made['id']}", method="patch", data=cancel())
    found = await client.resources("Appointment").search(_id=made["id"]).fetch_all()
    return _said(slots, made, conflict, read.serialize(), cancelled, [one.serialize() for one in found])


def with_fhirclient(given: dict[str, str]) -> Said:
    """fhirclient (Python) signs in itself: it reads the token endpoint in the CapabilityStatement."""
    told = {"app_id": given["client_id"], "api_base": given["base"], "scope": given["scope"]}
    smart = fhirclient_client.FHIRClient(settings={**told, "jwt_token": given["assertion"]})
    smart.prepare()
    smart.authorize()
    assert smart.ready
    server = smart.server
    where = {"schedule": given["schedule"], "status": "free", "start": f"ge{given['from']}", "_count": "10"}
    slots = [slot.as_json() for slot in Slot.where(where).perform_resources(server)]
    made = server.post_json("Appointment/$book", wish(given, slots[0])).json()
    try:
        server.post_json("Appointment/$book", wish(given, slots[0]))
        conflict: Said = {}
    except requests.HTTPError as refused:
        conflict = cast(Said, cast(requests.Response, refused.response).json())
    read = Appointment.read(made["id"], server).as_json()
    headers = server.auth.signed_headers({"Content-Type": "application/fhir+json"})  # it has no word for PATCH
    address = f"{given['base']}/Appointment/{made['id']}"
    cancelled = server.session.patch(address, json=cancel(), headers=headers).json()
    found = Appointment.where({"_id": made["id"]}).perform_resources(server)
    return _said(slots, made, conflict, read, cancelled, [one.as_json() for one in found])


def _said(slots: list[Any], made: Said, conflict: Said, read: Said, cancelled: Said, found: list[Said]) -> Said:
    return {
        "slots": len(slots),
        "booked": dict(made),
        "conflict": conflict,
        "read": dict(read),
        "cancelled": dict(cancelled),
        "found": [dict(one) for one in found],
    }

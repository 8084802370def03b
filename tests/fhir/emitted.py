"""Everything that our server emits, and what two judges of other people say of it."""

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from telemed.fhir import xml as fhir_xml
from telemed.interop import served
from telemed.interop.topics import ISIK
from tests.fhir.emitted_more import Emitted, Resource, copies, everything
from tests.interop.outside.house import NODE, TIMEOUT_S, House
from tests.interop.outside.python_clients import PATIENT, cancel, wish

ORACLE = Path(__file__).with_name("oracle.mjs")
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"


@dataclass(frozen=True)
class Own:
    """An error that is the judge's, not ours."""

    oracle: str
    text: str
    why: str

    def is_this(self, fault: dict[str, str]) -> bool:
        return fault["oracle"] == self.oracle and re.fullmatch(self.text, fault["text"]) is not None


OWN: tuple[Own, ...] = ()
"""Errors of the judges themselves, each with its reason."""


class Walk:
    """A program that asks for everything there is. *each*: how many of a type are read one by one."""

    def __init__(self, house: House, *, each: int) -> None:
        self._house = house
        self._each = each
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": house.assertion(),
        }
        self.token: str = httpx.post(house.signer.audience, data=form).json()["access_token"]
        self._appointments: list[str] = []
        self._http = httpx.Client(headers={"authorization": f"Bearer {self.token}"}, timeout=TIMEOUT_S)

    def emitted(self) -> Iterator[Emitted]:
        yield self._asked("GET", "metadata")
        yield from self._bookings()
        for kind in served.LINES:
            yield from self._kind(kind)
        yield from self._directory()
        yield from self._subscriptions()
        yield from self._files()
        yield from self._refusals()
        yield from copies(self._house.centre, self._appointments)
        yield from everything()

    def _kind(self, kind: str) -> Iterator[Emitted]:
        given = self._house.given()
        more = f"schedule={given['schedule']}&start=ge{given['from']}&_include=Slot:schedule&" if kind == "Slot" else ""
        found = self._asked("GET", f"{kind}?{more}_count={max(self._each, 3)}")
        yield found
        for entry in found.resource.get("entry", [])[: self._each]:
            one = entry["resource"]
            yield self._asked("GET", f"{one['resourceType']}/{one['id']}")

    def _bookings(self) -> Iterator[Emitted]:
        given = self._house.given()
        slots = self._asked("GET", f"Slot?schedule={given['schedule']}&status=free&start=ge{given['from']}&_count=3")
        first, second = (entry["resource"] for entry in slots.resource["entry"][:2])
        made = self._asked("POST", "Appointment/$book", wish(given, first))
        yield made
        yield self._asked("POST", "Appointment/$book", wish(given, first))  # is taken
        booked = made.resource["id"]
        self._appointments.append(booked)
        moved = wish(given, second)
        moved["parameter"].append({"name": "cancelled-appt-id", "valueUri": f"Appointment/{booked}"})
        again = self._asked("POST", "Appointment/$book", moved)
        yield again
        yield self._asked("GET", "Appointment?_include=Appointment:slot&_include=Appointment:actor")
        yield self._asked("PATCH", f"Appointment/{again.resource['id']}", cancel())
        later = self._http.post(f"{self._house.base}/Appointment/$book", json=wish(given, first),
                                headers={"prefer": "respond-async"})  # fmt: skip
        address = later.headers["content-location"].removeprefix(f"{self._house.base}/")
        yield self._asked("GET", address)
        yield self._done(address)
        yield from self._ihe(given)

    def _done(self, address: str) -> Emitted:
        """What became of what was asked for without waiting."""
        until = time.monotonic() + TIMEOUT_S
        while (found := self._asked("GET", address)).name.endswith(": 202"):
            assert time.monotonic() < until, "it was never done"
            time.sleep(0.02)
        return found

    def _ihe(self, given: dict[str, str]) -> Iterator[Emitted]:
        if not any(one.name == "find" for one in served.LINES["Appointment"].operations):
            return
        window = [
            {"name": name, "valueDateTime": moment} for name, moment in (("start", given["from"]), ("end", given["to"]))
        ]
        found = self._asked("POST", "Appointment/$find", {"resourceType": "Parameters", "parameter": window})
        yield found
        named = {"name": "appointment-reference", "valueReference": {"reference": _reference(found.resource)}}
        held = self._asked("POST", "Appointment/$hold", {"resourceType": "Parameters", "parameter": [named]})
        yield held
        self._appointments.append(held.resource["id"])
        yield from copies(self._house.centre, self._appointments[-1:])  # of nobody who is known yet
        pending = {"reference": f"Appointment/{held.resource['id']}"}
        known = {"name": "patient-resource", "resource": PATIENT}
        book = {"resourceType": "Parameters", "parameter": [{**named, "valueReference": pending}, known]}
        yield self._asked("POST", "Appointment/$book", book)

    def _directory(self) -> Iterator[Emitted]:
        """Made, changed, read as it was, in a Bundle; and the codes of a value set."""
        room = {"resourceType": "Location", "name": "Raum 7", "status": "active"}
        made = self._asked("POST", "Location", room)
        yield made
        path = f"Location/{made.resource['id']}"
        yield self._asked("PUT", path, {**made.resource, "name": "Raum 8"})
        yield self._asked("PUT", path, made.resource, {"prefer": "return=OperationOutcome"})
        for one in (f"{path}/_history", f"{path}/_history/1", f"{path}/_history/9", "ValueSet/service/$expand"):
            yield self._asked("GET", one)
        wishes = [
            {"request": {"method": "POST", "url": "Location"}, "resource": room, "fullUrl": f"urn:uuid:{UUID_1}"},
            {"request": {"method": "GET", "url": path}},
        ]
        wrong = {"request": {"method": "DELETE", "url": path}}
        for kind, entry in (("transaction", wishes), ("batch", [*wishes, wrong]), ("transaction", [wrong])):
            bundle = {"resourceType": "Bundle", "type": kind, "entry": entry}
            yield self._asked("POST", "", bundle, {"prefer": "return=representation"})

    def _subscriptions(self) -> Iterator[Emitted]:
        made = self._asked("POST", "Subscription", subscription(topic=f"{ISIK}Resource/Appointment"))
        yield made
        own = f"Subscription/{made.resource['id']}"
        for one in (own, "Subscription", f"{own}/$status", "Subscription/$status", f"{own}/$events"):
            yield self._asked("GET", one)
        yield self._asked("POST", "Subscription", subscription(topic="urn:nothing"))

    def _files(self) -> Iterator[Emitted]:
        """What is published for everybody."""
        manifest = self._http.get(f"{self._house.base}/$bulk-publish").json()
        for one in manifest["output"]:
            for line in self._http.get(one["url"]).text.splitlines()[: self._each * 5]:
                yield Emitted(
                    f"$bulk-publish {one['type']}", json.loads(line), fhir_xml.from_json(line.encode()).decode()
                )

    def _refusals(self) -> Iterator[Emitted]:
        for method, path, headers in (
            ("GET", "Nothing", {}),
            ("GET", "Appointment/unheard-of", {}),
            ("GET", "Slot?status=free", {}),
            ("GET", "Appointment?date=never", {}),
            ("GET", "Appointment?colour=red", {"prefer": "handling=strict"}),
            ("GET", "Appointment", {"authorization": "Bearer nobody"}),
            ("GET", "Location", {"accept": "text/html"}),
            ("DELETE", "Appointment/x", {}),
            ("POST", "Appointment/$book", {}),
            ("POST", "Appointment/$book", {"content-type": "text/plain"}),
            ("POST", "Appointment/_search", {"content-type": "text/plain"}),
            ("PUT", "Location/x", {"if-match": "x"}),
            ("GET", "$nothing", {}),
        ):
            yield self._asked(method, path, headers=headers)
        for body in BROKEN:
            yield self._asked("POST", "Appointment/$book", body)
        alone = self._asked("GET", "Location?_count=1").resource["entry"][0]["resource"]
        yield self._asked("PUT", f"Location/{alone['id']}", alone, {"if-match": 'W/"99"'})

    def _asked(
        self, method: str, path: str, body: Resource | None = None, headers: dict[str, str] | None = None
    ) -> Emitted:
        address, more = f"{self._house.base}/{path}".removesuffix("/"), headers or {}
        answer = self._http.request(method, address, json=body, headers=more)
        if method == "GET" and not headers and not path.startswith(ALIVE):
            xml = self._http.get(address, headers={"accept": "application/fhir+xml"}).text
        else:
            xml = fhir_xml.from_json(answer.content).decode()
        return Emitted(f"{method} {path}: {answer.status_code}", answer.json(), xml)


ALIVE = ("AuditEvent", "Subscription", "asked")
"""Is another one the next time."""
UUID_1 = "0b3b7c7e-6c51-4b0b-9f2e-0d9d6a4f3a11"
BROKEN: tuple[Resource, ...] = (
    {"resourceType": "Parameters"},
    {"resourceType": "Nothing"},
    {"resourceType": "Appointment", "status": "proposed", "colour": "red"},
    {"resourceType": "Appointment", "status": "bogus", "participant": [{"status": "accepted"}]},
    {"resourceType": "Parameters", "parameter": [{"name": "patientSubmittedInformation", "valueString": "x"}]},
)


def subscription(*, topic: str) -> Resource:
    payload = {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": "id-only"}]}
    channel = {
        "type": "rest-hook",
        "endpoint": "https://practice.example/hear",
        "payload": "application/fhir+json",
        "_payload": payload,
        "header": ["Authorization: Basic eDp5"],
        "extension": [{"url": f"{BACKPORT}backport-heartbeat-period", "valueUnsignedInt": 60}],
    }
    filters = [{"url": f"{BACKPORT}backport-filter-criteria", "valueString": "Appointment?status=booked"}]
    return {
        "resourceType": "Subscription",
        "status": "off",  # so nobody is called
        "reason": "our calendar",
        "criteria": topic,
        "_criteria": {"extension": filters},
        "channel": channel,
    }


def _reference(bundle: Resource) -> str:
    return f"Appointment/{bundle['entry'][0]['resource']['id']}"


def inside(one: Emitted) -> Iterator[Emitted]:
    """The resources of a Bundle, which a judge of the Bundle does not look into."""
    for place, entry in enumerate(one.resource.get("entry", [])):
        for found in (entry.get("resource"), entry.get("response", {}).get("outcome")):
            if found:
                yield Emitted(f"{one.name} entry[{place}]", found)


def judged(emitted: Iterable[Emitted]) -> list[dict[str, str]]:
    """What is wrong, by either judge, but for what is the judge's own fault."""
    every = [part for one in emitted for part in (one, *inside(one))]
    lines = (json.dumps({"name": one.name, "resource": one.resource, "xml": one.xml}) for one in every)
    command = [str(NODE), "--max-old-space-size=2048", str(ORACLE)]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, timeout=2 * TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return [fault for fault in found if not any(own.is_this(fault) for own in OWN)]

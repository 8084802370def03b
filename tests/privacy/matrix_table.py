"""The table of the matrix: who is there, whose objects, what the addresses of routes name, and what is sent to each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount, WebSocketRoute

from telemed.identity.model import Actor, Right, Role, holds
from telemed.identity.rights import Guarded
from telemed.kit.ids import new_token
from tests.privacy.test_rights import rights_of, routes_of

ROLES = (
    *(Role.ANYONE, Role.RESIDENT, Role.RELATIVE, Role.GUEST, Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR),
    Role.CLIENT,
)
"""A machine proves itself on its connection (tests/link, tests/signalling); before, it is anyone."""


class Whose(StrEnum):
    """Whose object stands in the address, seen from Dr Weiß and from the assistant of room 1."""

    OWN = "own"
    COLLEAGUE = "a colleague's"
    ELSEWHERE = "another site's"
    DELETED = "a deleted one"


NAMES = {
    Whose.OWN: "Xenia Eigen",
    Whose.COLLEAGUE: "Yorick Kollege",
    Whose.ELSEWHERE: "Zita Anderswo",
}
LATER, RESIDENT = "Wim Später", "Rosa Rosenrot"
"""Has an appointment with Dr Weiß in some days; and has the resident's session."""

OPEN_TO: dict[Role, frozenset[Whose]] = {
    Role.RELATIVE: frozenset({Whose.OWN}),
    Role.DOCTOR: frozenset({Whose.OWN}),
    Role.ASSISTANT: frozenset({Whose.OWN, Whose.COLLEAGUE}),
    Role.CLIENT: frozenset({Whose.OWN}),
}
"""A colleague's visit takes place in the assistant's own room: it is hers to prepare."""
KNOWS: dict[Role, frozenset[str]] = {
    Role.DOCTOR: frozenset({NAMES[Whose.OWN], RESIDENT}),
    Role.ASSISTANT: frozenset({NAMES[Whose.OWN], NAMES[Whose.COLLEAGUE], RESIDENT}),
    Role.CLIENT: frozenset({NAMES[Whose.OWN], RESIDENT, LATER}),
    Role.RESIDENT: frozenset({RESIDENT}),
    Role.RELATIVE: frozenset({RESIDENT}),
}
"""Whose names may be in what a role is answered; nobody's for the others."""

VISIT, ROOM, WAITING, CALL, NOBODYS = "visit", "room", "waiting", "call", ""
PARAMETERS = {
    **{"visit_id": VISIT, "booking_id": VISIT, "room_id": ROOM, "waiting_id": WAITING, "notice_id": CALL},
    **dict.fromkeys(("token", "what", "answer", "rest", "language", "key", "hash", "number", "name"), NOBODYS),
    **dict.fromkeys(("kind", "resource_id"), NOBODYS),  # of FHIR, and of the operator's hours; looked at apart
    **dict.fromkeys(("word_id", "help_id", "absence_id", "defect_id", "barrier_id", "exception_id"), NOBODYS),
    "sheet_id": NOBODYS,
    **dict.fromkeys(("asked_id", "subscription_id"), NOBODYS),  # of programs
    **dict.fromkeys(
        ("machine_id", "service_id", "passkey_id", "client_id", "session_id", "mandate_id", "invitation_id"), NOBODYS
    ),
    **dict.fromkeys(("role", "subject", "step"), NOBODYS),
}
"""What the parameters of an address name, as far as whose it is matters: a route with one that is not here fails."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TOKEN = new_token()
BODIES: dict[str, tuple[str, Any]] = {
    "/assistenz/termin/{booking_id}/verlegen": (FORM, {"offer": "x", "request_id": TOKEN}),
    "/assistenz/termin/{booking_id}/absagen": (FORM, {"reason": "other"}),
    "/assistenz/termin/{booking_id}/oeffnen": (FORM, {"reason": "safety"}),
    "/assistenz/termin/{booking_id}/frueher": (FORM, {"request_id": TOKEN}),
    "/arzt/besuch/{visit_id}/anleitung": (JSON, {"id": TOKEN[:22], "sealed": "AQ" + "A" * 2000}),
    "/arzt/besuch/{visit_id}/folgetermin": (FORM, {"offer": "x", "request_id": TOKEN}),
    "/arzt/besuch/{visit_id}/raum": (JSON, {"offer": "x", "request_id": TOKEN}),
    "/arzt/besuch/{visit_id}/abgewiesen": (JSON, {"role": "agent", "reason": "signature"}),
    "/arzt/reihe/{visit_id}/{what}": (FORM, {"grund": "not-in-room"}),
    "/besuch/{visit_id}/einladungen": (JSON, {"role": "relative"}),
    "/besuch/{visit_id}/einwilligung": (FORM, {"purpose": "video", "answer": "yes", "how": "spoken"}),
    "/besuch/{visit_id}/angehoerige": (FORM, {"name": "Ada", "lasts": "month"}),
    "/assistenz/warteliste/{waiting_id}/vorrang": (FORM, {"priority": "1"}),
}
"""What is sent where the relation is looked at only once what was sent makes sense."""
WHAT = {
    "/arzt/reihe/{visit_id}/{what}": "kommt-nicht",
    "/assistenz/besuch/{visit_id}/{what}": "kommt-nicht",
    "/assistenz/warteliste/{waiting_id}/{what}": "absage",
    "/assistenz/anrufe/{notice_id}/{what}": "gesagt",
}
ALSO_LACKS = {
    "POST /arzt/besuch/{visit_id}/folgetermin": "a visit that is over",
    "POST /arzt/besuch/{visit_id}/abgeschlossen": "a visit that is over",
    "POST /assistenz/termin/{booking_id}/verlegen": "a time that is offered",
    "POST /besuch/{visit_id}/angehoerige/{mandate_id}/ende": "a mandate",
    "POST /besuch/{visit_id}/einladungen/{invitation_id}/zurueck": "an invitation",
    "GET /assistenz/briefe/{notice_id}.pdf": "somebody who has only paper",
    "POST /assistenz/warteliste/{waiting_id}/zusage": "a time that is kept",
    "POST /assistenz/warteliste/{waiting_id}/{what}": "a time that is kept",
}
"""What is not found here even where it is hers, and for want of what."""
ENDS_SESSIONS = ("/abmelden", "/mein-termin/schliessen", "/gast/verlassen", "/konto/sitzung/alle-beenden")
LAST = (
    "/assistenz/termin/{booking_id}/absagen",
    "/mein-termin/absagen",
    "/meine-daten/loeschen",
    "/fuer/termin/{booking_id}/absagen",
)
"""After these there is less to see."""
NEVER_ENDS = ("/mein-termin/strom",)
HEAVY = re.compile(r"\.pdf$|^/vorlesen/|^/anmelden/papier|^/betrieb/personal/code")
"""Makes a sheet, speaks, or is slow on purpose: asked where every role asks (bench row 4)."""


@dataclass(frozen=True)
class Line:
    """One route: what it asks for, and whether somebody's object stands in its address."""

    method: str
    path: str
    rights: frozenset[Right]
    is_socket: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def object(self) -> str:
        """What stands in the address whose owner matters; nothing if it is nobody's.

        Raises:
            KeyError: a parameter of which the table does not say what it names.
        """
        if self.path.startswith(("/papier/", "/betrieb/")) or self.is_socket:
            return NOBODYS
        return next((kind for each in re.findall(r"{(\w+)", self.path) if (kind := PARAMETERS[each])), NOBODYS)

    def is_for(self, role: Role) -> bool:
        return all(holds(Actor(role), right) for right in self.rights)


def lines(app: FastAPI) -> Iterator[Line]:
    """Every route that the app serves, but for static files."""
    for route in routes_of(app):
        if isinstance(route, Mount):
            continue
        endpoint = getattr(route, "endpoint", None)
        rights = {endpoint.right} if isinstance(endpoint, Guarded) else rights_of(route.dependant)
        methods = sorted(getattr(route, "methods", None) or ())
        is_socket = isinstance(route, WebSocketRoute) or not methods
        for method in ["WS"] if is_socket else [one for one in methods if one != "HEAD"]:
            yield Line(method, route.path, frozenset(rights), is_socket)

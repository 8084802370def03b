"""The plan of the house as tables: what stands on which floor, and what each kind of file may import.

Imports go down, never up or sideways; of a neighbour one sees `model`, `service` and what
stands beside them in `VALUES`, `VERBS` and `DOORS` only.
`tests/test_architecture.py` holds every file to it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("schemas", "telemed", "room_agent", "signage")

LIBRARIES = {
    "schemas": ("schemas",),
    "telemed.kit": ("telemed.kit", "schemas"),
    "telemed.fhir": ("telemed.fhir", "telemed.kit", "schemas"),
    "telemed.web": ("telemed.web", "telemed.kit", "schemas"),
}
"""The two lowest floors, and what each may import."""

CAPABILITY_FLOORS = (
    ("identity",),
    ("directory",),
    ("people",),
    ("booking",),
    ("visit",),
    ("queue", "signalling", "upkeep", "aftercare", "help", "training"),
    ("privacy",),
    ("notify", "link", "interop", "feedback"),
    ("city", "operator", "desk", "paper"),
)
"""Lowest first; those on one floor do not know each other."""

TOP = ("subscriptions", "wiring", "app", "__main__", "commands", "roster_commands", "migrations")
"""Above every capability of the centre; they put it together, so they see all of it."""

OTHER_PROGRAMS = {
    "room_agent": ("room_agent", "schemas", "telemed.kit", "telemed.web", "telemed.queue.model"),
    "signage": ("signage", "schemas", "telemed.kit", "telemed.web"),
}
"""What the programs beside the centre may import; the room shares one pure forecast with it."""


class Kind(Enum):
    """What kind of file a capability's file is; the kind decides what it may import."""

    EMPTY = "__init__"
    PURE = "model"
    STORE = "store"
    SERVICE = "service"
    REACTION = "reaction or job"
    MAPPING = "mapping between values and FHIR"
    EDGE = "edge"


KINDS = {
    "": Kind.EMPTY,
    "model": Kind.PURE,
    "store": Kind.STORE,
    "service": Kind.SERVICE,
    "reactions": Kind.REACTION,
    "jobs": Kind.REACTION,
    "routes": Kind.EDGE,
    "pages": Kind.EDGE,
    "fhir": Kind.MAPPING,
}
"""The files that a capability may have."""

KINDS_BY_NAME = {
    "booking.access": Kind.EDGE,  # the doors of link and paper, beside the booking pages
    "booking.concerns": Kind.PURE,  # people's own words
    "booking.doctors": Kind.EDGE,  # who can be reached, by specialty
    "booking.helping": Kind.EDGE,  # for whoever does not know
    "booking.offered": Kind.EDGE,  # what is to be had, as few big choices
    "booking.form": Kind.EDGE,  # what the booking pages carry from one to the next
    "booking.held": Kind.EDGE,  # the time that is held meanwhile
    "booking.steps": Kind.EDGE,  # what each step shows
    "booking.times": Kind.EDGE,  # choosing a time
    "booking.waiting_pages": Kind.EDGE,  # the waiting list, as residents meet it
    "booking.limits": Kind.EDGE,  # how much may be booked from where
    "booking.bodies": Kind.EDGE,  # what the JSON API takes
    "booking.by_pictures": Kind.EDGE,  # booking for who does not read
    "booking.claims": Kind.STORE,  # who has which tick, and the holds
    "booking.ground": Kind.PURE,
    "booking.holding": Kind.SERVICE,  # holds, and the waiting list as people use it
    "booking.index": Kind.SERVICE,  # what is free, in memory
    "booking.keys": Kind.SERVICE,  # ids, links, references, tickets
    "booking.planner": Kind.PURE,
    "booking.reading": Kind.SERVICE,  # what is offered and what was booked; `service` passes it on
    "booking.search": Kind.PURE,
    "booking.sessions": Kind.PURE,  # templates of appointment times
    "booking.several": Kind.SERVICE,  # series, walk-ins, override
    "booking.views": Kind.EDGE,  # what the JSON API gives
    "booking.waitlist": Kind.SERVICE,  # who gets freed time
    "booking.waitlist_store": Kind.STORE,
    "booking.byhand": Kind.PURE,  # an offer that staff make up themselves
    "desk.appointments": Kind.EDGE,  # appointments ahead: move, cancel, and those that must be moved
    "desk.arriving": Kind.EDGE,  # who comes says so at the door
    "desk.by_paper": Kind.EDGE,  # an appointment, by what stands on the slip
    "desk.bycode": Kind.EDGE,  # the own appointments, by a one-time code
    "desk.asked": Kind.EDGE,  # what staff ask for, carried from page to page
    "desk.glass": Kind.EDGE,  # breaking the glass before an appointment
    "desk.practice": Kind.PURE,  # where a doctor's browser may hand values over to
    "desk.planned": Kind.SERVICE,  # whose names and appointments staff see while planning
    "desk.planning": Kind.EDGE,  # staff book for somebody, also a series
    "desk.urgent": Kind.EDGE,  # staff book over others
    "desk.walkin": Kind.EDGE,  # who came without an appointment
    "desk.waiting": Kind.EDGE,  # the waiting list
    "desk.guests": Kind.EDGE,  # who is invited into a visit, and the page to which that leads
    "desk.closing": Kind.EDGE,  # after a visit, and the next appointment
    "desk.absences": Kind.EDGE,  # a doctor's own
    "desk.cafe": Kind.EDGE,  # several people in a row
    "desk.defects": Kind.EDGE,  # what is wrong in a room
    "desk.tryout": Kind.EDGE,  # camera and sound before it
    "desk.home": Kind.EDGE,  # a visit from home
    "desk.line": Kind.EDGE,  # who waits, and the doctor's own word
    "desk.agreeing": Kind.EDGE,  # what a resident agrees to
    "desk.own_data": Kind.EDGE,  # who saw her data; a copy; erasing them
    "desk.relatives": Kind.EDGE,  # who may act for a resident
    "desk.for_others": Kind.EDGE,  # and acts
    "desk.fetching": Kind.SERVICE,  # who was called and is to be fetched
    "desk.emergencies": Kind.SERVICE,  # who calls for help
    "desk.helping": Kind.SERVICE,  # who in the rooms wants a hand
    "desk.help_pages": Kind.EDGE,  # shown, and answered
    "desk.emergency": Kind.EDGE,  # calling, and answering
    "desk.moving": Kind.EDGE,  # another time for the own appointment
    "desk.status": Kind.EDGE,  # the resident's own appointment; the desk's other pages are for staff
    "desk.own": Kind.SERVICE,  # how it stands
    "desk.outlook": Kind.PURE,  # what is said of its start
    "desk.live": Kind.EDGE,  # pages of it that are open, and what each is told
    "desk.calendar": Kind.EDGE,  # it as a calendar file
    "desk.stream": Kind.EDGE,  # their connections
    "directory.calendar": Kind.PURE,  # opening hours, seen from above like the model
    "directory.desk_phone": Kind.SERVICE,  # whom to call for help, as pages say it
    "directory.hours": Kind.MAPPING,
    "directory.opening": Kind.MAPPING,  # opening hours in words
    "directory.rules": Kind.MAPPING,
    "directory.terms": Kind.MAPPING,
    "directory.timetable": Kind.SERVICE,  # changing when rooms and people are there
    "booking.asking": Kind.SERVICE,  # what is known of who asks, for the rule of who may
    "identity.allowed": Kind.PURE,  # who may do what, as a table
    "identity.visible": Kind.STORE,  # the same for lists
    "identity.granted": Kind.SERVICE,  # what is granted beyond it
    "identity.granted_store": Kind.STORE,
    "identity.invitations": Kind.SERVICE,  # guests of one visit
    "identity.invitation_store": Kind.STORE,
    "identity.account": Kind.EDGE,  # my access, as staff
    "identity.doors": Kind.EDGE,  # what the pages at the door share
    "identity.house": Kind.EDGE,  # signing in with an account of the house
    "identity.oidc": Kind.SERVICE,
    "identity.passkeys": Kind.SERVICE,
    "identity.passkey_store": Kind.STORE,
    "identity.rights": Kind.EDGE,
    "identity.scopes": Kind.PURE,  # what the token of a program allows
    "identity.session_store": Kind.STORE,
    "identity.signed_in": Kind.SERVICE,  # sessions
    "identity.staff": Kind.SERVICE,  # who of the staff may sign in
    "identity.staff_model": Kind.PURE,
    "identity.roster": Kind.SERVICE,  # doctors' browsers, and what the operator has signed
    "identity.roster_store": Kind.STORE,
    "interop.operations": Kind.EDGE,  # what changes appointments
    "operator.hours": Kind.EDGE,  # who is there when
    "operator.figures": Kind.PURE,  # how long people wait, and the like
    "operator.texts": Kind.EDGE,  # languages side by side
    "operator.numbers": Kind.EDGE,  # where they are shown
    "operator.glasses": Kind.EDGE,  # who broke the glass
    "operator.layouts": Kind.EDGE,  # how sessions are laid out
    "operator.staff": Kind.EDGE,  # who of the staff may sign in
    "operator.staff_view": Kind.PURE,
    "operator.preview": Kind.PURE,  # what that would cost
    "people.consent": Kind.PURE,  # what is agreed to
    "people.consent_store": Kind.STORE,
    "people.consents": Kind.SERVICE,  # asking for it, and heeding it
    "people.consent_fhir": Kind.MAPPING,
    "people.audit_fhir": Kind.MAPPING,  # who looked, as AuditEvents
    "people.mandate": Kind.PURE,  # what a relative may do
    "people.mandate_store": Kind.STORE,
    "people.mandates": Kind.SERVICE,  # giving, using and ending it
    "paper.press": Kind.EDGE,  # prints, one at a time
    "paper.sheets": Kind.EDGE,  # what stands on each paper
    "paper.typeset": Kind.EDGE,  # makes PDF of HTML
    "privacy.imprint": Kind.MAPPING,  # who runs the centre
    "privacy.own": Kind.SERVICE,  # a person's own data
    "privacy.legal": Kind.EDGE,  # what the law wants to be read
    "queue.order": Kind.PURE,  # who goes in before whom, and why
    "queue.saying": Kind.PURE,  # what is told of a start
    "queue.plans": Kind.SERVICE,  # what a room is told of its day
    "queue.naive": Kind.PURE,  # starts if all takes as long as planned
    "queue.forecast": Kind.PURE,  # when those who wait will begin
    "queue.history": Kind.PURE,  # what finished days teach it
    "queue.learning": Kind.SERVICE,  # learns from the days of the centre
    "queue.learnt_store": Kind.STORE,
    "queue.spreads": Kind.PURE,  # what it knows of lengths, arrivals and pauses
    "queue.today": Kind.PURE,  # what has happened today, as it needs it
    "notify.browsers": Kind.SERVICE,  # which browsers wish to be told
    "notify.calendar": Kind.MAPPING,  # an appointment as a calendar file
    "notify.calls": Kind.SERVICE,  # whom staff are to call
    "notify.carriers": Kind.SERVICE,  # a thread for each channel
    "notify.channels": Kind.SERVICE,  # mail, text message, web push
    "notify.codes": Kind.SERVICE,  # six digits that go to a number or address
    "notify.code_store": Kind.STORE,
    "notify.delivery": Kind.SERVICE,  # what leaves, is repeated, is given up
    "notify.mandated": Kind.SERVICE,  # the link of a relative
    "notify.push": Kind.PURE,  # web push as bytes
    "notify.setup": Kind.SERVICE,  # what the operator set, read
    "notify.texts": Kind.MAPPING,  # what a notice says
    "signalling.hub": Kind.SERVICE,
    "signalling.relays": Kind.SERVICE,  # which relays an end may use, and for how long
    "signalling.socket": Kind.EDGE,
}
"""Files of one capability only."""


@dataclass(frozen=True)
class May:
    """What one kind of file may import."""

    libraries: tuple[str, ...] = ()
    own: tuple[Kind, ...] = ()
    lower: tuple[str, ...] = ()
    """Files of capabilities on lower floors."""


PURE_PACKAGES = ("cryptography", "holidays", "rapidfuzz")
"""Functions of bytes, of dates or of words and nothing else, so a model may call them."""

PLUMBING = ("telemed.kit", "schemas", "telemed.fhir")
VALUES = (
    *("model", "calendar", "planner", "search", "ground", "sessions"),
    *("allowed", "scopes", "consent", "mandate", "staff_model"),
)
"""Seen from above like the model: the calendar of the directory; what booking is asked, sees, answers, and lays out;
who may do what; who of the staff may sign in."""
VERBS = (
    *(
        *VALUES,
        "service",
        "holding",
        "several",
        "index",
        "byhand",
        "invitations",
        "roster",
        "calls",
        "carriers",
        "codes",
    ),
    *("staff", "signed_in"),
    *(
        "asking",
        "granted",
        "consents",
        "consent_fhir",
        "audit_fhir",
        "mandates",
        "mandated",
        "own",
        "opening",
        "timetable",
    ),
)
"""Seen from above like the service: booking, identity and notify have too many verbs for one file."""
DOORS = ("rights", "doors", "access", "form", "steps", "times", "held")
"""Edges that other edges need: who may; and of booking who came by a link, its fields, times, holding, and slip."""
MAY = {
    Kind.EMPTY: May(),
    Kind.PURE: May(("telemed.kit.refusal", "telemed.kit.outbox.Event", "schemas"), (Kind.PURE,), VALUES),
    Kind.STORE: May(PLUMBING, (Kind.PURE,), ("allowed", "visible")),  # which rows somebody may see
    Kind.SERVICE: May(PLUMBING, (Kind.PURE, Kind.STORE, Kind.SERVICE, Kind.MAPPING), VERBS),
    Kind.REACTION: May(PLUMBING, (Kind.PURE, Kind.SERVICE), VERBS),
    Kind.MAPPING: May(PLUMBING, (Kind.PURE, Kind.MAPPING), VALUES),
    Kind.EDGE: May((*PLUMBING, "telemed.web"), (Kind.PURE, Kind.SERVICE, Kind.MAPPING, Kind.EDGE), (*VERBS, *DOORS)),
}


@dataclass(frozen=True)
class Import:
    """One imported name: dotted, with the name itself (`telemed.kit.db.Tx`)."""

    importer: str
    """The dotted name of the module that imports."""
    target: str
    line: int


def all_files() -> Iterator[Path]:
    """Every Python file of the programs."""
    for program in PROGRAMS:
        yield from sorted((ROOT / program).rglob("*.py"))


def all_imports() -> Iterator[tuple[Path, Import]]:
    """Every import of every file of the programs."""
    for path in all_files():
        for found in imports_of(path.read_text(), module_name(path)):
            yield path.relative_to(ROOT), found


def module_name(path: Path) -> str:
    """`telemed/kit/db.py` → `telemed.kit.db`; an `__init__.py` is its package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, importer: str) -> Iterator[Import]:
    """The imports of one file, also those inside functions or under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (Import(importer, name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join([*importer.split(".")[: -level or None], *([module] if module else [])])
                start = base if level else (module or "")
                yield from (Import(importer, f"{start}.{name.name}", node.lineno) for name in names)


def objection(found: Import) -> str | None:
    """The rule that *found* breaks, or None."""
    program, *rest = found.importer.split(".")
    if program in OTHER_PROGRAMS:
        return _outside(found.target, OTHER_PROGRAMS[program], program)
    library = next((name for name in LIBRARIES if _within(found.importer, (name,))), None)
    if library:
        return _outside(found.target, LIBRARIES[library], library)
    if not rest or rest[0] in TOP:
        return _outside(found.target, ("telemed", "schemas"), "the top of the centre")
    return _of_capability(found, rest[0], ".".join(rest[1:]))


def misplaced(module: str) -> str | None:
    """Why the house has no place for *module*, or None if it has, whatever it imports."""
    return objection(Import(module, "builtins", 1))


def _of_capability(found: Import, capability: str, file: str) -> str | None:
    if _floor(capability) is None:
        return f"telemed/{capability} is on no floor of the house"
    kind = _kind(capability, file)
    if kind is None:
        return f"a capability has no file {file}.py"
    if kind is Kind.PURE and not _is_ours(found.target):
        pure = found.target.split(".")[0] in (*sys.stdlib_module_names, *PURE_PACKAGES)
        return None if pure else "a model imports only the standard library"
    if not _is_ours(found.target) or _within(found.target, MAY[kind].libraries):
        return None
    return _between_capabilities(found.target, capability, kind)


def _between_capabilities(target: str, capability: str, kind: Kind) -> str | None:
    _, other, file, *_ = [*target.split("."), "", ""]
    there, here = _floor(other), _floor(capability)
    if there is None or here is None:
        return f"{_called(kind)} may not import {target}"
    if other == capability:
        allowed = _kind(other, file) in MAY[kind].own
        return None if allowed else f"{_called(kind)} may not import its own {file or 'package'}"
    if there >= here:
        return f"imports go down, and {other} is not below {capability}"
    return None if file in MAY[kind].lower else f"{_called(kind)} may not see {file or 'the package'} of {other}"


def _outside(target: str, allowed: tuple[str, ...], who: str) -> str | None:
    if not _is_ours(target) or _within(target, allowed):
        return None
    return f"{who} may import only {', '.join(allowed)}"


def _is_ours(target: str) -> bool:
    return target.split(".", maxsplit=1)[0] in (*PROGRAMS, "tests", "ops")


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _floor(capability: str) -> int | None:
    return next((floor for floor, names in enumerate(CAPABILITY_FLOORS) if capability in names), None)


def _kind(capability: str, file: str) -> Kind | None:
    return KINDS_BY_NAME.get(f"{capability}.{file}") or KINDS.get(file)


def _called(kind: Kind) -> str:
    return f"a file of kind {kind.value}"

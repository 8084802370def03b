"""Programs of other houses: which may sign in at the FHIR interface, what for, for whom, and what each did last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from joserfc.jwk import Key, thumbprint
from starlette.datastructures import FormData

from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity import clients, granted, key_sets, staff
from telemed.identity.allowed import EVERYONE
from telemed.identity.client_model import Client, KeyFault, KeysRefused, NotRegistered, ScopeRefused
from telemed.identity.clients import Wanted
from telemed.identity.doors import token_address
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.identity.scopes import Act, by_kind, scope
from telemed.interop import served
from telemed.kit.db import Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound
from telemed.people import acts as audited
from telemed.people import service as people
from telemed.web.centre import Centre, CentreDep
from telemed.web.origins import Area
from telemed.web.pages import Pages

routes = APIRouter()
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]
Proven = Annotated[Actor, Depends(Needs(Right.OPERATE, fresh=True))]
HERE = "/betrieb/programme"
NEW = f"{HERE}/neu"
ONE = HERE + "/{client_id}"
LATELY, LOOKED_AT = 30, 300
"""Lines of what a program did last, and the acts that they are made of: the same again and again is one line."""
LONGEST_NAME = 80
NAMED = (
    *("Appointment", "Slot", "Schedule", "HealthcareService", "Practitioner", "PractitionerRole", "Organization"),
    *("Location", "Device", "Patient", "CodeSystem", "ValueSet", "Subscription", "AuditEvent"),
)
"""Types for which there is a word; others are called as FHIR calls them."""
_LISTS = ("CodeSystem", "HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "ValueSet")
_WRITTEN = ("Device", "HealthcareService", "Location", "Practitioner", "PractitionerRole", "Schedule")
MEANT_FOR: Mapping[str, tuple[str, ...]] = {
    "times": ("system/Slot.rs", "system/Schedule.rs", *(f"system/{kind}.rs" for kind in _LISTS)),
    "book": ("system/Appointment.crus",),
    "hear": ("system/Subscription.cruds",),
    "keep": tuple(f"system/{kind}.crus" for kind in _WRITTEN),
}
"""What a program is for, in a word, and the scopes that it takes."""


async def _form(request: Request) -> FormData:
    return await request.form()


Sent = Annotated[FormData, Depends(_form)]


@dataclass(frozen=True)
class Line:
    """A program in the list."""

    client: Client
    for_all: bool
    doctors: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{HERE}/{self.client.id}"


@routes.get(HERE)
def overview(request: Request, centre: CentreDep, _me: Operator) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
        lines = [_line(tx, known, each) for each in clients.everyone(tx)]
    return centre.the(Pages).render(request, "operator/programs.html", lines=lines, may=_in_words)


def _line(tx: Tx, known: Directory, client: Client) -> Line:
    doctors = granted.compartment(tx, client.id)
    names = tuple(sorted(known.name_of(one) for one in doctors if one != EVERYONE))
    return Line(client, EVERYONE in doctors, names)


@routes.get(NEW)
def blank(request: Request, centre: CentreDep, _me: Proven) -> HTMLResponse:
    """Where one is entered; a passkey is asked for first, or what was typed would be lost."""
    return _form_page(request, centre, Wanted("", (), ()))


@routes.post(NEW)
def enter(request: Request, centre: CentreDep, me: Proven, sent: Sent) -> Response:
    """Let a program in, or say what is wrong with what was typed."""
    typed, wrong = _typed(sent)
    if not wrong:
        try:
            with centre.db.transaction() as tx:
                new = clients.register(tx, typed, by=me.subject, now=centre.clock.now())
            return RedirectResponse(f"{HERE}/{new.id}", status_code=303)
        except (KeysRefused, ScopeRefused) as refusal:
            wrong = [_fault(refusal)]
    return _form_page(request, centre, typed, wrong)


@routes.get(ONE)
def look(request: Request, client_id: str, centre: CentreDep, _me: Proven) -> HTMLResponse:
    """One program: what its makers must know, what it may, what it did."""
    return _one(request, centre, client_id)


@routes.post(ONE)
def change(request: Request, client_id: str, centre: CentreDep, _me: Proven, sent: Sent) -> Response:
    """Other keys, scopes or doctors."""
    typed, wrong = _typed(sent)
    if not wrong:
        try:
            with centre.db.transaction() as tx:
                clients.change(tx, client_id, typed)
            return RedirectResponse(f"{HERE}/{client_id}", status_code=303)
        except NotRegistered:
            raise NotFound from None
        except (KeysRefused, ScopeRefused) as refusal:
            wrong = [_fault(refusal)]
    return _one(request, centre, client_id, typed=typed, wrong=wrong)


@routes.post(f"{ONE}/sperren")
def shut_out(request: Request, client_id: str, centre: CentreDep, _me: Operator, sent: Sent) -> Response:
    """Ask once more, and then: out within two seconds."""
    if sent.get("sure") != "1":
        return _one(request, centre, client_id, is_asked=True)
    with centre.db.transaction() as tx:
        clients.revoke(tx, _known(tx, client_id).id, now=centre.clock.now())
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{ONE}/zulassen")
def let_in_again(client_id: str, centre: CentreDep, _me: Proven) -> RedirectResponse:
    """Take it back."""
    with centre.db.transaction() as tx:
        clients.let_in_again(tx, _known(tx, client_id).id)
    return RedirectResponse(f"{HERE}/{client_id}", status_code=303)


@routes.get(f"{ONE}/sperren")
@routes.get(f"{ONE}/zulassen")
def led_back(client_id: str, _me: Operator) -> RedirectResponse:
    return RedirectResponse(f"{HERE}/{client_id}", status_code=303)


def _known(tx: Tx, client_id: str) -> Client:
    try:
        return clients.one(tx, client_id)
    except NotRegistered:
        raise NotFound from None


def _one(
    request: Request,
    centre: Centre,
    client_id: str,
    *,
    typed: Wanted | None = None,
    wrong: list[tuple[str, str]] | None = None,
    is_asked: bool = False,
) -> HTMLResponse:
    with centre.db.reading() as tx:
        client, known = _known(tx, client_id), directory.load(tx)
        doctors = granted.compartment(tx, client_id)
        acts = _in_lines(people.acts_of(tx, client_id, limit=LOOKED_AT))
        names = {each.actor.subject: each.name for each in staff.members(tx)}
        line = _line(tx, known, client)
    as_it_is = Wanted(client.name, client.scopes, doctors, client.key_set, client.key_set_url)
    return centre.the(Pages).render(
        request,
        "operator/program_one.html",
        status=422 if wrong else 200,
        client=client,
        by=names.get(client.registered_by) or client.registered_by,
        token_address=token_address(centre),
        fhir_address=f"{centre.url(Area.PROGRAMS)}/fhir",
        acts=acts,
        line=line,
        doctor_ids=[one for one in doctors if one != EVERYONE],
        may=_in_words,
        keys=[(key.kid, thumbprint(key.as_dict(private=False))) for key in _pasted(client)],
        is_asked=is_asked,
        form=_fields(typed or as_it_is, known, wrong or []),
    )


def _in_lines(acts: Iterable[audited.Act]) -> list[tuple[audited.Act, int]]:
    """The newest of each run of acts that are alike, and how many there are."""
    runs = groupby(acts, key=lambda act: (act.did, act.kind, act.asked, act.ids, act.status))
    return [(same[0], len(same)) for same in (list(run) for _, run in runs)][:LATELY]


def _pasted(client: Client) -> tuple[Key, ...]:
    """The keys that the operator has pasted, as far as they can be used today."""
    try:
        return key_sets.read(client.key_set) if client.key_set else ()
    except KeysRefused:
        return ()


def _form_page(
    request: Request, centre: Centre, typed: Wanted, wrong: list[tuple[str, str]] | None = None
) -> HTMLResponse:
    with centre.db.reading() as tx:
        form = _fields(typed, directory.load(tx), wrong or [])
    status = 422 if wrong else 200
    return centre.the(Pages).render(request, "operator/program_new.html", status=status, form=form)


def _fields(typed: Wanted, known: Directory, wrong: list[tuple[str, str]]) -> dict[str, Any]:
    """What the form shows: as it is or as it was typed, and what is wrong with it."""
    doctors = [(one.id, one.name) for one in sorted(known.doctors.values(), key=lambda one: one.name)]
    may = by_kind(typed.scopes)
    kinds = [(kind, _called(kind), acts, may.get(kind, frozenset())) for kind, acts in served.acts_by_kind().items()]
    shown = {"kinds": kinds, "acts": tuple(Act), "purposes": tuple(MEANT_FOR)}
    return {"typed": typed, "doctors": doctors, "all": EVERYONE, "wrong": wrong, **shown}


def _called(kind: str) -> str:
    """A type in German, where there is a word; FHIR's own stands beside it."""
    return words().text(f"programs.kind.{kind}") if kind in NAMED else kind


def _in_words(client: Client) -> list[tuple[str, list[str]]]:
    """What a program may: by type, the acts."""
    return [(_called(kind), [act.value for act in Act if act in acts]) for kind, acts in by_kind(client.scopes).items()]


def _typed(sent: FormData) -> tuple[Wanted, list[tuple[str, str]]]:
    """What was typed, and the fields that are wrong with the key of why."""
    name = " ".join(str(sent.get("name", "")).split())
    ticks: dict[str, set[Act]] = {}
    offered = served.acts_by_kind()
    for one in sent.getlist("may"):
        kind, _, letter = str(one).partition(".")
        if kind in offered and letter in {act.value for act in offered[kind]}:
            ticks.setdefault(kind, set()).add(Act(letter))
    for one in sent.getlist("purpose"):
        for kind, acts in by_kind(MEANT_FOR.get(str(one), ())).items():
            ticks[kind] = ticks.get(kind, set()) | acts
    wanted = Wanted(
        name,
        tuple(scope(kind, acts) for kind, acts in sorted(ticks.items())),
        tuple(str(one) for one in sent.getlist("for")),
        key_set=str(sent.get("key_set", "")),
        key_set_url=str(sent.get("key_set_url", "")).strip(),
    )
    wrong = []
    if not 2 <= len(name) <= LONGEST_NAME:
        wrong.append(("name", "programs.wrong.name"))
    if bool(wanted.key_set.strip()) == bool(wanted.key_set_url):
        wrong.append(("key_set", "programs.wrong.keys"))
    if not wanted.scopes:
        wrong.append(("may", "client.refusal.scope"))
    return wanted, wrong


def _fault(refusal: KeysRefused | ScopeRefused) -> tuple[str, str]:
    match refusal:
        case KeysRefused(why=KeyFault.ADDRESS):
            return "key_set_url", refusal.key
        case KeysRefused():
            return "key_set", refusal.key
        case _:
            return "may", refusal.key

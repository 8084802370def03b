"""Papers as PDF: what hangs on a wall may be fetched by anybody, what is somebody's own by that one and by staff."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Cookie, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from telemed.booking import service as booking
from telemed.booking import steps
from telemed.booking.access import LINK_COOKIE
from telemed.booking.form import may_repeat
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.directory.model import Directory, Room
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import GERMAN, of_pages, words
from telemed.kit.refusal import NotFound
from telemed.notify import calls
from telemed.notify.carriers import Carriers
from telemed.paper import sheets
from telemed.web.centre import Centre, CentreDep
from telemed.web.languages import OWN_NAMES
from telemed.web.pages import Pages, words_of

TEMPLATES = Path(__file__).parent / "templates"

AT_ONCE = 40
"""So many slips are printed in one go."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]
Size = Literal["a4", "a3"]
Chosen = Annotated[str, Query(alias="in")]


@routes.get("/papier/plakat/{room_id}.pdf")
def poster(request: Request, centre: CentreDep, _actor: Anyone, room_id: str, groesse: Size = "a4") -> Response:
    """What, where, when, whom to call."""
    return _of_room(request, centre, "poster", room_id, size=groesse)


@routes.get("/papier/handzettel/{room_id}.pdf")
def flyer(request: Request, centre: CentreDep, _actor: Anyone, room_id: str) -> Response:
    """The same to take along, and how a visit goes."""
    return _of_room(request, centre, "flyer", room_id)


@routes.get("/papier/geraete/{room_id}.pdf")
def device_cards(request: Request, centre: CentreDep, _actor: Anyone, room_id: str) -> Response:
    """A card in large print for each kind of device in the room."""
    known, room = _known(centre), _room(centre, room_id)
    return _common(request, centre, "cards", known, **sheets.cards(known, room))


@routes.get("/papier/terminzettel.pdf")
def blank_form(request: Request, centre: CentreDep, _actor: Anyone) -> Response:
    """The questions of booking on paper; the assistant types in what was answered."""
    known = _known(centre)
    return _common(request, centre, "form", known, **sheets.blank_form(known, words_of(request)))


@routes.get("/papier/einverstanden.pdf")
def consent(request: Request, centre: CentreDep, _actor: Anyone) -> Response:
    """The sentences of consent, to be ticked and signed."""
    return _common(request, centre, "consent", _known(centre), **sheets.consent())


@routes.post("/termin/zettel.pdf")
def whole_slip(
    request: Request, centre: CentreDep, _actor: Anyone, request_id: Annotated[str, Form()] = ""
) -> Response:
    """The slip of who has just booked: only her browser knows what she booked with."""
    if not may_repeat(request_id):
        raise NotFound
    with centre.db.reading() as tx:
        known, (taken, booked) = directory.load(tx), steps.booked_with(tx, centre, request_id)
    return _personal(request, centre, "slip", known, slips=[sheets.slip(centre, known, taken, booked)])


@routes.post("/assistenz/cafe/zettel.pdf")
def slips_of_a_round(
    request: Request, centre: CentreDep, _actor: Assistant, done: Annotated[list[str], Form(default_factory=list)]
) -> Response:
    """The slips of all who were booked in one round, which only the page knows with which it was done."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
        made = [steps.booked_with(tx, centre, one) for one in done[:AT_ONCE] if may_repeat(one)]
    if not made:
        raise NotFound
    return _personal(request, centre, "slip", known, slips=[sheets.slip(centre, known, *one) for one in made])


@routes.get("/mein-termin/zettel.pdf")
def own_slip(
    request: Request,
    centre: CentreDep,
    actor: Resident,
    link: Annotated[str | None, Cookie(alias=LINK_COOKIE)] = None,
) -> Response:
    """The own appointment as it stands now; with what opens it for who came by her link: else nobody knows it."""
    if actor.subject.startswith(WAITING):
        raise NotFound
    with centre.db.reading() as tx:
        known, taken = directory.load(tx), booking.current(tx, actor.subject)
        is_hers = link is not None and _opens(tx, link, taken)
    booked = steps.booked_again(centre, link, taken) if link and is_hers else None
    return _personal(request, centre, "slip", known, slips=[sheets.slip(centre, known, taken, booked)])


def _opens(tx: Tx, link: str, taken: Booking) -> bool:
    try:
        return booking.by_link(tx, link).id == taken.id
    except NotFound:
        return False


@routes.get("/assistenz/briefe/{notice_id}.pdf")
def letter(centre: CentreDep, actor: Assistant, notice_id: str) -> Response:
    """A line of the call list as a letter, in the person's language, and then in German for whoever helps her."""
    now, desk = centre.clock.now(), centre.the(Carriers).desk
    with centre.db.transaction() as tx:
        known = directory.load(tx)
        one = calls.call(tx, desk, notice_id, actor=actor, now=now)
    language = one.person.language if one.person and one.person.language in of_pages() else GERMAN
    name = one.person.name if one.person else ""
    own = one.own_text if language != GERMAN else ""
    shown: dict[str, Any] = {"name": name, "text": own or one.text, "german": one.text if own else ""}
    shown["in_german"] = words(GERMAN).text
    page = sheets.sheet(centre, "letter", words(language), known, phone=sheets.phone(known), **shown)
    return _pdf(sheets.press(centre).personal(page), "brief")


@routes.get("/assistenz/papier")
def for_assistants(request: Request, centre: CentreDep, _actor: Assistant, chosen: Chosen = GERMAN) -> HTMLResponse:
    """All papers that can be printed."""
    return _all(request, centre, "/assistenz", chosen)


@routes.get("/betrieb/papier")
def for_operators(request: Request, centre: CentreDep, _actor: Operator, chosen: Chosen = GERMAN) -> HTMLResponse:
    """All papers that can be printed."""
    return _all(request, centre, "/betrieb", chosen)


def _all(request: Request, centre: Centre, home: str, chosen: str) -> HTMLResponse:
    may = of_pages()
    shown: dict[str, Any] = {"home": home, "rooms": sheets.rooms(_known(centre))}
    shown |= {"in_languages": [(code, OWN_NAMES[code]) for code in may], "chosen": chosen if chosen in may else GERMAN}
    return centre.the(Pages).render(request, "paper/all.html", **shown)


def _of_room(request: Request, centre: Centre, template: str, room_id: str, **more: Any) -> Response:
    known, room = _known(centre), _room(centre, room_id)
    about = sheets.of_room(centre, words_of(request), room)
    return _common(request, centre, template, known, **about, **more)


def _common(request: Request, centre: Centre, template: str, known: Directory, **shown: Any) -> Response:
    page = sheets.sheet(centre, template, words_of(request), known, **shown)
    return _pdf(sheets.press(centre).common(page), template)


def _personal(request: Request, centre: Centre, template: str, known: Directory, **shown: Any) -> Response:
    page = sheets.sheet(centre, template, words_of(request), known, **shown)
    return _pdf(sheets.press(centre).personal(page), template)


def _pdf(made: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _known(centre: Centre) -> Directory:
    with centre.db.reading() as tx:
        return directory.load(tx)


def _room(centre: Centre, room_id: str) -> Room:
    room = _known(centre).rooms.get(room_id)
    if room is None or not room.is_claimed:
        raise NotFound
    return room

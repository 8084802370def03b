"""What each of the five steps shows, and what is shown where a time was lost or the booking is done."""

from dataclasses import replace
from typing import Any

import segno
from babel import Locale, UnknownLocaleError
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from telemed.booking import form, interpreting, keys, offered, service, times
from telemed.booking.form import Answers, Step
from telemed.booking.ground import rooms_for
from telemed.booking.held import Held, Holding, Wanted
from telemed.booking.index import Index
from telemed.booking.model import Booked, Booking, HoldGone, NotOffered, SlotTaken, TooLate
from telemed.booking.planner import Offer, What
from telemed.booking.times import Choice, Leaf
from telemed.directory import service as directory
from telemed.directory.model import Directory, Service
from telemed.kit.db import Tx
from telemed.kit.i18n import Words, link_in
from telemed.kit.ids import new_token
from telemed.kit.refusal import Refusal
from telemed.people.model import Need, Way
from telemed.web.centre import Centre
from telemed.web.pages import Pages, words_of
from telemed.web.refusals import advice

NEED_ICONS = {
    Need.INTERPRETER: "languages",
    Need.WHEELCHAIR: "accessibility",
    Need.HEARING: "ear",
    Need.COMPANION: "users",
    form.QUIET: "hand",
}
WISH_ICONS = {need: NEED_ICONS[need] for need in (Need.WHEELCHAIR, Need.COMPANION)}
WAY_ICONS = {Way.PHONE: "phone", Way.EMAIL: "mail", Way.PAPER: "printer"}


def show(request: Request, centre: Centre, given: Answers, wanted: Step, *, held: Held | None = None) -> HTMLResponse:
    """The page of *wanted*, or of the first step before it that lacks its answer. *held*: how the time is held."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
    step = form.next_step(given, wanted, known, this_year=now.year)
    shown: dict[str, Any]
    match step:
        case Step.WHAT:
            shown = {"tiles": offered.tiles(known, offered.catalogue_of(centre), words_of(request))}
        case Step.WHEN:
            shown = _when(centre, known, given, words_of(request))
        case Step.NEEDS:
            faults = form.needs_faults(given, known) if wanted > step else {}
            spoken = interpreting.languages(known, known.services[given.service], words_of(request))
            shown = {"needs": NEED_ICONS.items(), "choice": _choice(given, known), "faults": faults, "spoken": spoken}
        case Step.CONTACT:
            faults = form.contact_faults(given, this_year=now.year) if wanted > step else {}
            shown = {"faults": faults, "ways": WAY_ICONS.items()}
            shown |= {"choice": _choice(given, known), "unfit": _unfit(given, known)}
        case Step.CHECK:
            given = with_id(given)
            shown = {**_entered(given, known), "unfit": _unfit(given, known)}
    status = 422 if shown.get("faults") else 200
    shown |= {"given": given, "known": known, "held": held, "step": step.value}
    return centre.the(Pages).render(request, f"booking/{step.name.lower()}.html", status=status, **shown)


def go_on(request: Request, centre: Centre, given: Answers, wanted: Step, hold: Holding) -> HTMLResponse:
    """The page of *wanted*, with the time held by *hold*; or what there is in its place, if it cannot be had."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    offer = form.decode(given.offer, known)
    if offer is None or not form.may_repeat(given.request_id):
        return show(request, centre, given, wanted)
    try:
        held = hold(request, centre, Wanted(given.request_id, offer))
    except HoldGone:
        return _booked_before(request, centre, given, known)
    except (SlotTaken, TooLate, NotOffered) as refusal:
        return lost(request, centre, given, offer, refusal, action="/termin/halten")
    return show(request, centre, given, wanted, held=held)


def lost(
    request: Request, centre: Centre, given: Answers, offer: Offer, refusal: Refusal, *, action: str
) -> HTMLResponse:
    """Everything entered stays, and the nearest three are offered; a press on one sends it to *action*."""
    now = centre.clock.now()
    with centre.the(Index).at(now) as here:
        known = here.directory
        near = service.alternatives(here, offer, now=now, wished=given.what)
        near = near or service.alternatives(here, offer, now=now)
    shown: dict[str, Any] = {**_entered(given, known), "near": [Choice.of(one, known) for one in near]}
    shown |= {"why": said(refusal, words_of(request)), "action": action, "given": given, "known": known}
    return centre.the(Pages).render(request, "booking/lost.html", status=refusal.sense.value, **shown)


def said(refusal: Refusal, spoken: Words) -> tuple[str, str]:
    """What a refusal says, and what to do now."""
    return spoken.text(refusal.key, **refusal.params), spoken.text(advice(refusal), **refusal.params)


def slip(
    request: Request,
    centre: Centre,
    booked: Booked,
    taken: Booking,
    known: Directory,
    *,
    note: str = "",
    request_id: str = "",
) -> HTMLResponse:
    """What she takes along; the address is empty should the room have left the directory since.

    *request_id*: what she booked with, if that is known: it prints the slip.
    """
    link = link_in(f"{centre.public_url}/t/{booked.link_token}", taken.extras.language)
    shown: dict[str, Any] = {**visit(taken, known), "booked": booked, "link": link, "qr": qr(link), "note": note}
    shown["request_id"] = request_id
    return centre.the(Pages).render(request, "booking/booked.html", known=known, **shown)


def visit(taken: Booking, known: Directory) -> dict[str, Any]:
    """When, where, with whom and as whom one is called, as the slip shows it."""
    room = known.rooms.get(taken.offer.room_id)
    address = room.address if room else ""
    choice = Choice.of(taken.offer, known, come_before=taken.extras.come_before)
    return {"choice": choice, "address": address, "quiet": taken.quiet, "ticket": taken.ticket}


def _booked_before(request: Request, centre: Centre, given: Answers, known: Directory) -> HTMLResponse:
    """Somebody went back after booking: the slip again, and how to change it."""
    with centre.db.reading() as tx:
        taken, booked = booked_with(tx, centre, given.request_id)
    note, request_id = "booking.booked.before", given.request_id
    return slip(request, centre, booked, taken, known, note=note, request_id=request_id)


def booked_with(tx: Tx, centre: Centre, request_id: str) -> tuple[Booking, Booked]:
    """What was booked with this id, which only who booked it knows.

    Raises:
        NotFound: nothing was.
    """
    taken = service.get(tx, keys.id_for(centre.secrets, request_id))
    return taken, keys.booked(centre.secrets, request_id, taken)


def booked_again(centre: Centre, link: str, taken: Booking) -> Booked:
    """The same for who came by her link."""
    return keys.with_link(centre.secrets, link, taken)


def with_id(given: Answers) -> Answers:
    """With an id of its own, so that sending it twice books once."""
    return given if form.may_repeat(given.request_id) else replace(given, request_id=new_token())


def qr(link: str) -> Markup:
    """The link as a QR code, drawn in the page itself."""
    return Markup(segno.make(link, error="m", micro=False).svg_inline(scale=4, border=4, omitsize=True))


def _when(centre: Centre, known: Directory, given: Answers, words: Words) -> dict[str, Any]:
    """Times and wishes; that nothing is free is counted, without a person."""
    now = centre.clock.now()
    shown = times.shown(centre, given.what, Leaf(given.day, given.later), now=now)
    if shown.get("nothing"):
        with centre.db.transaction() as tx:  # counts what was asked for in vain; nobody's page changes by it
            service.count_unmet(tx, known, times.ahead(given.what, now=now))
    kept = _choice(given, known) if form.may_repeat(given.request_id) else None
    wanted = known.services[given.service]
    wishes = {"wishes": _wishes(known, wanted, words), "wish_needs": WISH_ICONS, "alike": offered.alike(wanted, known)}
    return {**shown, **wishes, "kept": kept, "wished": given.what != What(given.service)}


def _wishes(known: Directory, wanted: Service, words: Words) -> dict[str, list[tuple[str, str]]]:
    """What may be wished for, as (value, label); nothing where there is no choice."""
    doctors = [(one.id, one.name) for one in known.doctors_for(wanted)]
    places = [(one.id, one.name) for one in rooms_for(known, wanted, What(wanted.id))]
    languages = interpreting.languages(known, wanted, words)
    several = {"doctor": doctors, "place": places}
    return {**{name: found if len(found) > 1 else [] for name, found in several.items()}, "language": languages}


def language_name(code: str, words: Words) -> str:
    """The name of a language, in *words* and in itself: "Türkisch (Türkçe)"."""
    try:
        spoken = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return code
    ours, own = (spoken.get_language_name(name) for name in (words.lang, code))
    return f"{ours} ({own})" if ours != own else str(ours)


def _entered(given: Answers, known: Directory) -> dict[str, Any]:
    """What the summary shows."""
    return {"choice": _choice(given, known), "service": known.services[given.service].name}


def _choice(given: Answers, known: Directory) -> Choice | None:
    offer = form.decode(given.offer, known)
    return Choice.of(offer, known) if offer else None


def _unfit(given: Answers, known: Directory) -> str:
    """The catalogue key of what the chosen place lacks for her, or nothing: the time was chosen before the need."""
    offer = form.decode(given.offer, known)
    room = known.rooms.get(offer.room_id) if offer else None
    if room is None:
        return ""
    if offer and Need.INTERPRETER in given.needs and not interpreting.fits(offer, given.language, known):
        return "booking.unfit.interpreter"
    if Need.WHEELCHAIR in given.needs and not room.wheelchair:
        return "booking.unfit.wheelchair"
    return "booking.unfit.companion" if Need.COMPANION in given.needs and not room.companion else ""

"""Somebody who interprets: in which languages, whether a time has one, and one for a time that has none yet."""

from collections.abc import Iterable
from dataclasses import replace

from babel import Locale, UnknownLocaleError
from fastapi import Request

from telemed.booking import form, held
from telemed.booking.form import SPOKEN, Answers
from telemed.booking.held import Wanted
from telemed.booking.model import HoldGone, NotOffered, SlotTaken, TooLate
from telemed.booking.planner import Offer
from telemed.directory.model import Directory, Doctor, Interpreter, Service
from telemed.kit.i18n import Words
from telemed.people.model import Need
from telemed.web.centre import Centre
from telemed.web.languages import OWN_NAMES


def languages(known: Directory, wanted: Service, words: Words) -> list[tuple[str, str]]:
    """What some interpreter speaks, or a doctor of the service, as (code, name): each by its own name, and by ours."""
    speakers: tuple[Doctor | Interpreter, ...] = (*known.doctors_for(wanted), *known.interpreters.values())
    spoken = {code for one in speakers for code in one.languages} - {SPOKEN}
    return sorted(((code, _name(code, words)) for code in spoken), key=lambda each: each[1].casefold())


def _name(code: str, words: Words) -> str:
    """ "Türkçe (Türkisch)"."""
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return code
    own, ours = OWN_NAMES.get(code) or locale.get_language_name(code), locale.get_language_name(words.lang)
    return f"{own} ({ours})" if own and own.casefold() != str(ours).casefold() else str(ours)


def fits(offer: Offer, language: str, known: Directory) -> bool:
    """Whether somebody at this time speaks it: the doctor, or who interprets."""
    there: Iterable[str] = (offer.doctor_id, offer.interpreter_id)
    actors = (known.doctors.get(one) or known.interpreters.get(one) for one in there)
    return not language or any(language in one.languages for one in actors if one)


def at_the_same_time(request: Request, centre: Centre, given: Answers, known: Directory) -> Answers:
    """The same with somebody who interprets, if the time that is held has nobody yet and somebody is free."""
    offer = form.decode(given.offer, known)
    wishes = Need.INTERPRETER in given.needs and given.language
    if offer is None or not wishes or fits(offer, given.language, known) or not form.may_repeat(given.request_id):
        return given
    for one in known.interpreters.values():
        if given.language not in one.languages:
            continue
        with_her = replace(offer, interpreter_id=one.id)
        try:
            held.keep(request, centre, Wanted(given.request_id, with_her))
        except (SlotTaken, NotOffered, TooLate):
            continue
        except HoldGone:
            return given  # it was booked meanwhile, and the next page says so
        return replace(given, offer=form.encode(with_her))
    return given

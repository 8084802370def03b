"""What leaves on a channel: claimed, put into words in memory, sent at least once, and told by staff if it is not."""

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import NotAsked
from telemed.booking.planner import Offer
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.kit.db import Tx
from telemed.kit.i18n import GERMAN, link_in, of_pages
from telemed.kit.refusal import Refusal
from telemed.notify import calendar, codes, model, service, store, texts
from telemed.notify.model import Channel, Kind, Notice, Outcome
from telemed.notify.push import Subscription
from telemed.notify.service import PURPOSE, SENDER, Desk
from telemed.notify.texts import Said
from telemed.people import mandates
from telemed.people import service as people
from telemed.people.model import Person

BATCH = 8
"""Sent at once on one channel."""
LINK_PATH = "/n/"
IN = "."
"""Stands between a notice's token and its language; tokens have none."""
MANDATE_PATH = "/vertretung/"
OWN_WORDS = (Kind.MANDATE, Kind.CODE)
"""About no appointment; nobody of the staff may say them instead."""


@dataclass(frozen=True)
class Parcel:
    """One notice in words, with where it goes; only in memory, only while it is sent.

    *id* is the same each time it is sent. *language*: of its words. *browsers*: subscriptions by their ids. *ics*: the
    calendar file, if the channel takes one; *ics_method*: what it asks of the calendar.
    """

    id: str
    to: str
    title: str
    text: str
    link: str
    footer: str
    urgent: bool
    language: str = GERMAN
    browsers: tuple[tuple[str, Subscription], ...] = ()
    ics: bytes = b""
    ics_method: str = ""


def has_due(tx: Tx, desk: Desk, channel: Channel, *, now: datetime) -> bool:
    """Whether something is to be sent on a channel now."""
    return store.is_due(tx, channel.value, now=now, kinds=_sent_now(tx, desk, now))


def _sent_now(tx: Tx, desk: Desk, now: datetime) -> Collection[Kind] | None:
    """At night nothing is sent but what somebody waits for in front of a page; by day (None) all."""
    return (Kind.CODE,) if _is_night(tx, desk, now) else None


def _is_night(tx: Tx, desk: Desk, now: datetime) -> bool:
    return model.is_night(now.astimezone(directory.load(tx).zone).time(), desk.rules.night)


def take_due(tx: Tx, desk: Desk, channel: Channel, by: str, *, limit: int, now: datetime) -> list[Notice]:
    """Claim what is to be sent on a channel."""
    return store.take_due(tx, channel.value, by, now=now, limit=limit, kinds=_sent_now(tx, desk, now))


def left(tx: Tx, desk: Desk, channel: Channel, *, now: datetime) -> int:
    """How many may still be sent on a channel today; only text messages have a budget."""
    if channel is not Channel.SMS:
        return BATCH
    midnight = now.astimezone(directory.load(tx).zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(0, desk.rules.sms_per_day - store.sent_since(tx, channel.value, midnight))


def over_budget(tx: Tx, desk: Desk, taken: Iterable[Notice], *, now: datetime) -> None:
    """Today's budget is spent: staff say what is worth a call; the rest stands on the slip."""
    for one in taken:
        if one.kind in model.WORTH_A_CALL:
            escalate(tx, desk, one, now=now)
        else:
            store.end(tx, [one.id], Outcome.DROPPED, now=now)


def pack(tx: Tx, desk: Desk, taken: Iterable[Notice], *, url: str, now: datetime) -> list[tuple[Notice, Parcel]]:
    """Put claimed notices into words; each look at a person is audited. Whom nobody knows any more gets none.

    *url*: what links begin with.
    """
    known, made = directory.load(tx), []
    for one in taken:
        if one.kind in OWN_WORDS:
            made += (_of_code if one.kind is Kind.CODE else _of_mandate)(tx, desk, one, url=url, now=now)
            continue
        person = service.person_of(tx, desk.secrets, one, actor=SENDER, now=now)
        offer = offer_of(tx, one, now=now)
        if person is None or offer is None:
            store.end(tx, [one.id], Outcome.DROPPED, now=now)
            continue
        made.append((one, _parcel(tx, desk, known, one, (person, offer), url=url, now=now)))
    return made


def _parcel(
    tx: Tx, desk: Desk, known: Directory, one: Notice, about: tuple[Person, Offer], *, url: str, now: datetime
) -> Parcel:
    person, offer = about
    link = _link(f"{url}{LINK_PATH}{service.link_token(desk.secrets, one.id)}", person.language)
    is_push = one.channel is Channel.PUSH
    said = said_of(known, one, offer, link="" if is_push else link)
    said = dataclasses.replace(said, by_herself=service.by_herself(tx, one))
    ics, ics_method = b"", ""
    if one.channel is Channel.EMAIL and one.kind is not Kind.OFFERED:
        entry = service.calendar_of(tx, known, one.subject_id, server=desk.server, link=link, language=person.language)
        ics, ics_method = calendar.to_ics(entry), calendar.method(entry)
    return Parcel(
        one.id,
        person.contact,
        texts.title(person.language),
        texts.text(one.kind, said, person.language, brief=one.channel is Channel.SMS),
        link,
        texts.footer(person.language),
        one.kind in (Kind.COME_NOW, Kind.DELAY, Kind.CANCELLED),
        texts.spoken(person.language),
        _browsers(tx, desk, one, now=now) if is_push else (),
        ics,
        ics_method,
    )


def _link(link: str, language: str) -> str:
    """*link* with the language in which it opens, as shortly as can be: in a text message each letter is paid for."""
    return link if language == GERMAN or language not in of_pages() else f"{link}{IN}{language}"


def _of_mandate(tx: Tx, desk: Desk, one: Notice, *, url: str, now: datetime) -> list[tuple[Notice, Parcel]]:
    """A relative's own link, in her language; nothing, where it was ended meanwhile or the person's data are gone."""
    try:
        found = mandates.one_of(tx, desk.secrets, one.subject_id, actor=SENDER, now=now)
    except Refusal:
        found = None
    if found is None or not found.goes_on(now):
        store.end(tx, [one.id], Outcome.DROPPED, now=now)
        return []
    language, known = found.relative.language, directory.load(tx)
    link = link_in(f"{url}{MANDATE_PATH}{mandates.link_token(desk.secrets, found.id)}", language)
    is_sms = one.channel is Channel.SMS
    person = service.person_of(tx, desk.secrets, one, actor=SENDER, now=now)
    given = Said(now, known.quarter_name, 0, link, known.zone, person=_initials(person.name) if person else "")
    said = texts.text(one.kind, given, language, brief=is_sms)
    title, footer, told = texts.title(language), texts.footer(language), texts.spoken(language)
    return [(one, Parcel(one.id, found.relative.contact, title, said, link, footer, urgent=False, language=told))]


def _initials(name: str) -> str:
    """As much as a relative needs to know who asks, and nobody else learns: "H. S."."""
    return " ".join(f"{part[0]}." for part in name.split())


def _of_code(tx: Tx, desk: Desk, one: Notice, *, url: str, now: datetime) -> list[tuple[Notice, Parcel]]:
    """The code alone, without a link: who gets it without having asked must not be led anywhere."""
    person, known = service.person_of(tx, desk.secrets, one, actor=SENDER, now=now), directory.load(tx)
    if person is None or one.until <= now:
        store.end(tx, [one.id], Outcome.DROPPED, now=now)
        return []
    code = codes.digits(desk.secrets, one.subject_id)
    said = texts.text(one.kind, Said(now, known.quarter_name, 0, "", known.zone, code=code), person.language)
    title, footer, told = texts.title(person.language), texts.footer(person.language), texts.spoken(person.language)
    return [(one, Parcel(one.id, person.contact, title, said, url, footer, urgent=True, language=told))]


def offer_of(tx: Tx, one: Notice, *, now: datetime) -> Offer | None:
    """What a notice is about, from when the person is asked to be there; None: nothing is kept for them any more."""
    if one.kind is not Kind.OFFERED:
        about = booking.get(tx, one.subject_id)
        return dataclasses.replace(about.offer, start=about.offer.start - about.extras.come_before)
    try:
        return holding.offered_to(tx, holding.waiting_of(tx, one.subject_id), now=now).offer
    except NotAsked:
        return None


def said_of(known: Directory, one: Notice, offer: Offer, *, link: str) -> Said:
    """All that the words of a notice are made of: nothing of the person, the doctor or the service."""
    room = known.rooms.get(offer.room_id)
    is_home = room is not None and not room.is_claimed
    return Said(offer.start, room.name if room else known.quarter_name, one.minutes, link, known.zone, is_home)


def _browsers(tx: Tx, desk: Desk, one: Notice, *, now: datetime) -> tuple[tuple[str, Subscription], ...]:
    found = []
    for sealed in store.subscribed(tx, one.person_id):
        plain = people.unseal(
            tx,
            desk.secrets,
            one.person_id,
            {store.place_of(sealed.id): sealed.data},
            actor=SENDER,
            purpose=PURPOSE,
            now=now,
        )
        found.append((sealed.id, Subscription.from_bytes(plain[0])))
    return tuple(found)


def sent(tx: Tx, ids: Collection[str], *, now: datetime) -> None:
    """Taken by their channels."""
    store.end(tx, ids, Outcome.SENT, now=now)


def failed(tx: Tx, desk: Desk, one: Notice, *, for_good: bool, now: datetime) -> None:
    """Not taken: again a little later, or, if that is no use, said by staff."""
    if for_good or one.attempts + 1 >= model.ATTEMPTS:
        escalate(tx, desk, one, now=now)
    else:
        store.again(tx, one.id, next_at=now + model.retry_after(one.attempts + 1))


def escalate_silent(tx: Tx, desk: Desk, *, now: datetime) -> int:
    """Whatever a channel kept waiting too long goes to the call list; how many that were. At night nobody is called."""
    if _is_night(tx, desk, now):
        return 0
    morning = model.morning_before(now, desk.rules.night, directory.load(tx).zone)
    silent = [one for one in store.waiting_to_be_sent(tx) if model.escalates(one, morning=morning, now=now)]
    for one in silent:
        escalate(tx, desk, one, now=now)
    return len(silent)


def escalate(tx: Tx, desk: Desk, one: Notice, *, now: datetime) -> None:
    """Staff say it; not where it was only an additional browser that is silent."""
    outcome = Outcome.NOT_REACHED if one.kind in OWN_WORDS else Outcome.ESCALATED
    if not store.end(tx, [one.id], outcome, now=now) or one.kind in OWN_WORDS:
        return  # a relative's link stands on paper too
    others = [outcome for channel, outcome in store.siblings(tx, one) if channel is not Channel.CALL]
    reached = one.channel is Channel.PUSH and any(outcome in (None, Outcome.SENT) for outcome in others)
    if not reached:
        service.give(tx, desk.secrets, one, [Channel.CALL], now=now)


def forget_browsers(tx: Tx, one: Notice, gone: Iterable[str]) -> None:
    """Their push services say that these browsers are gone."""
    for subscription_id in gone:
        store.unsubscribe(tx, subscription_id, one.person_id)

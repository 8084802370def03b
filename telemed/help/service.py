"""Calls for help: taken in from the rooms, answered by people, and passed on while nobody answers."""

from dataclasses import replace
from datetime import datetime

from telemed.directory import service as directory
from telemed.help import model, store
from telemed.help.model import HelpCall, HelpChanged, HelpState, Reach
from telemed.kit.db import Tx
from telemed.kit.logs import logger
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound

log = logger("help")


def take_in(tx: Tx, told: HelpCall, *, now: datetime) -> None:
    """What a room says of a call of its own: it is new, somebody in the room answers, or it is over. A repeat changes
    nothing, and what is over stays so."""
    known = store.one(tx, told.id)
    if known is None:
        call = replace(told, reach=model.due(told, now, others=_has_others(tx, told.room_id)))
        if store.add(tx, call):
            log.info("asked", help_id=call.id, room_id=call.room_id, what=call.what.value, through=call.through.value)
            _changed(tx, call, now)
    elif known.room_id == told.room_id and known.is_open and told.state is not HelpState.ASKED:
        _become(tx, known, told.state, by="room", now=now)


def come(tx: Tx, help_id: str, *, by: str, now: datetime) -> HelpCall:
    """Somebody goes there. *by*: the role and id. Said twice is once.

    Raises:
        NotFound: there is no such call.
    """
    call = get(tx, help_id)
    return _become(tx, call, HelpState.COMING, by=by, now=now) if call.state is HelpState.ASKED else call


def done(tx: Tx, help_id: str, *, by: str, now: datetime) -> HelpCall:
    """The person was helped.

    Raises:
        NotFound: there is no such call.
    """
    call = get(tx, help_id)
    return _become(tx, call, HelpState.OVER, by=by, now=now) if call.is_open else call


def pass_on(tx: Tx, help_id: str, *, now: datetime) -> HelpCall:
    """Who cannot come passes it on to the next people, before the minute is over.

    Raises:
        NotFound: there is no such call.
    """
    call = get(tx, help_id)
    if call.state is not HelpState.OVER:
        call = replace(call, state=HelpState.ASKED, answered_at=None, answered_by="")
        call = _reach(tx, call, model.further(call, others=_has_others(tx, call.room_id)), now)
    return call


def get(tx: Tx, help_id: str) -> HelpCall:
    """
    Raises:
        NotFound: there is no such call.
    """
    found = store.one(tx, help_id)
    if found is None:
        raise NotFound
    return found


def going_on(tx: Tx, room_id: str | None = None) -> list[HelpCall]:
    """All calls that are not over, in one room or everywhere, the oldest first."""
    return store.going_on(tx, room_id)


def since(tx: Tx, moment: datetime) -> list[HelpCall]:
    """All calls from *moment* on, the oldest first."""
    return store.since(tx, moment)


def overdue(tx: Tx, *, now: datetime) -> list[tuple[HelpCall, Reach]]:
    """Calls that must go on to others, with those whom they must reach now."""
    wanted = ((call, model.due(call, now, others=_has_others(tx, call.room_id))) for call in store.going_on(tx))
    return [(call, reach) for call, reach in wanted if reach is not call.reach]


def look_after(tx: Tx, *, now: datetime) -> None:
    """Pass on what nobody answered, and end what was forgotten."""
    for call, reach in overdue(tx, now=now):
        _reach(tx, call, reach, now)
    for call in store.going_on(tx):
        if model.is_forgotten(call, now):
            _become(tx, call, HelpState.OVER, by="clock", now=now)


def needs_looking_after(tx: Tx, *, now: datetime) -> bool:
    """Whether `look_after` would change anything; asked without keeping a writer waiting."""
    return bool(overdue(tx, now=now)) or any(model.is_forgotten(call, now) for call in store.going_on(tx))


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.drop_before(tx, now - model.KEPT_FOR)


def _become(tx: Tx, call: HelpCall, state: HelpState, *, by: str, now: datetime) -> HelpCall:
    if state is HelpState.OVER:
        changed = replace(call, state=state, over_at=now)
    else:
        changed = replace(call, state=state, answered_at=now, answered_by=by)
    store.replace(tx, changed)
    log.info("help_is", help_id=call.id, room_id=call.room_id, state=state.value)
    _changed(tx, changed, now)
    return changed


def _reach(tx: Tx, call: HelpCall, reach: Reach, now: datetime) -> HelpCall:
    changed = replace(call, reach=reach, reach_at=now)
    store.replace(tx, changed)
    log.warning("help_goes_on", help_id=call.id, room_id=call.room_id, reach=reach.name.lower())
    _changed(tx, changed, now)
    return changed


def _changed(tx: Tx, call: HelpCall, now: datetime) -> None:
    emit(tx, HelpChanged(call.room_id, call.id), now=now)


def _has_others(tx: Tx, room_id: str) -> bool:
    """Whether there is an assistant who does not look after this room anyway."""
    assistants = directory.load(tx).assistants.values()
    return any(each.room_ids and room_id not in each.room_ids for each in assistants)

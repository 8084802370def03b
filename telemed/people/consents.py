"""Asking for consent, and heeding it. The functions take the open transaction and never commit."""

from collections.abc import Collection
from datetime import datetime

from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.i18n import Words
from telemed.kit.ids import new_id
from telemed.people import consent, consent_store
from telemed.people.consent import Answer, ConsentRefused, How, Purpose, Said
from telemed.people.service import audit

PURPOSE = "consent"
"""As the audit says it."""


def wording(purpose: Purpose, words: Words) -> str:
    """The sentence that is asked, as it stands on every page, is read aloud and is printed."""
    return words.text(f"consent.{purpose.value}")


def say(
    tx: Tx,
    person_id: str,
    purpose: Purpose,
    answer: Answer,
    *,
    how: How,
    words: Words,
    actor: Actor,
    now: datetime,
) -> Said:
    """Note what she says now; what she said before stays as it was, and does not count any more. Audited.

    *words*: of the language in which she was asked. Who of the staff notes it is its witness.
    """
    witness = actor.subject if actor.role in (Role.ASSISTANT, Role.DOCTOR) else ""
    asked = wording(purpose, words)
    said = Said(new_id(), purpose, answer, how, now, consent.VERSION, words.language, asked, witness)
    consent_store.add(tx, person_id, said)
    audit(tx, [person_id], actor=actor, action="write", purpose=PURPOSE, now=now)
    return said


def all_of(tx: Tx, person_id: str) -> list[Said]:
    """All that a person said, oldest first."""
    return consent_store.of(tx, person_id)


def current(tx: Tx, person_id: str) -> dict[Purpose, Said]:
    """What counts now, as far as she was asked."""
    return consent.newest(consent_store.of(tx, person_id))


def of_all(tx: Tx, person_ids: Collection[str]) -> dict[str, dict[Purpose, Said]]:
    """What counts now for each of these people, by person; those who were not asked anything are left out."""
    return {person: consent.newest(said) for person, said in consent_store.of_all(tx, person_ids).items()}


def answer_of(tx: Tx, person_id: str, purpose: Purpose) -> Answer | None:
    """What counts now for one purpose; None: she has not been asked."""
    return consent_store.newest(tx, person_id, purpose, consent.VERSION)


def check(tx: Tx, person_id: str, purpose: Purpose) -> None:
    """
    Raises:
        ConsentRefused: she said no. Who was not asked yet, or wishes to talk about it, is asked by those who are there.
    """
    if answer_of(tx, person_id, purpose) is Answer.NO:
        raise ConsentRefused(purpose)

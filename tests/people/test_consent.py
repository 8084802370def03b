"""Each purpose is asked apart, what was said is kept as it stood there, and a no counts at the next request."""

from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.relatedperson import RelatedPerson

from telemed.identity.model import Actor, LinkUsed, Role
from telemed.identity.service import who
from telemed.kit.db import Database, Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound
from telemed.people import consent_fhir, consents, mandates, service
from telemed.people.consent import VERSION, Answer, ConsentRefused, How, Purpose, Said
from telemed.people.mandate import (
    LASTS,
    MOST,
    Lasts,
    Mandate,
    MandateNarrower,
    MandateOver,
    Relative,
    Scope,
    TooManyRelatives,
)
from tests.builders import RESIDENT, SOMMER, World, make_world

ANNA = Relative("Anna Sommer", "anna@beispiel.example", "tr")
ASSISTANT = Actor(Role.ASSISTANT, "lindner")


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def sommer(world: World) -> str:
    with world.db.transaction() as tx:
        return service.register(tx, world.secrets, SOMMER, actor=RESIDENT, now=world.now)


def say(world: World, person: str, purpose: Purpose, answer: Answer, actor: Actor = RESIDENT) -> Said:
    how = How.ONLINE if actor is RESIDENT else How.SPOKEN
    with world.db.transaction() as tx:
        return consents.say(tx, person, purpose, answer, how=how, words=words(), actor=actor, now=world.now)


def give(world: World, person: str, *scopes: Scope, actor: Actor = RESIDENT) -> tuple[str, str]:
    with world.db.transaction() as tx:
        return mandates.give(tx, world.secrets, person, ANNA, scopes, Lasts.MONTH, actor=actor, now=world.now)


def mandates_of(tx: Tx, world: World, person: str, *, now: datetime) -> list[Mandate]:
    return mandates.with_person(tx, world.secrets, person, actor=RESIDENT, purpose=mandates.PURPOSE, now=now)[1]


def check(world: World, mandate: str, scope: Scope = Scope.SEE) -> str:
    with world.db.reading() as tx:
        return mandates.check(tx, Actor(Role.RELATIVE, mandate), scope, now=world.now).person_id


def test_nothing_is_agreed_to_before_somebody_said_so(world: World, sommer: str) -> None:
    with world.db.reading() as tx:
        assert consents.current(tx, sommer) == {}
        assert consents.answer_of(tx, sommer, Purpose.VIDEO) is None
        consents.check(tx, sommer, Purpose.VIDEO)  # who was not asked is asked by those who are there


def test_a_no_counts_at_once_for_its_own_purpose_only_and_a_yes_takes_it_back(world: World, sommer: str) -> None:
    say(world, sommer, Purpose.VIDEO, Answer.YES)
    say(world, sommer, Purpose.VIDEO, Answer.NO)
    with world.db.reading() as tx:
        with pytest.raises(ConsentRefused) as refused:
            consents.check(tx, sommer, Purpose.VIDEO)
        consents.check(tx, sommer, Purpose.RELATIVE)
    assert refused.value.key == "refusal.consent.video"
    say(world, sommer, Purpose.VIDEO, Answer.DISCUSS)
    with world.db.reading() as tx:
        consents.check(tx, sommer, Purpose.VIDEO)
        said = [one.answer for one in consents.all_of(tx, sommer)]
        assert consents.current(tx, sommer)[Purpose.VIDEO].answer is Answer.DISCUSS
    assert said == [Answer.YES, Answer.NO, Answer.DISCUSS]


def test_what_was_asked_is_kept_word_for_word_and_leaves_an_audit_line(world: World, sommer: str) -> None:
    said = say(world, sommer, Purpose.LETTER, Answer.YES, ASSISTANT)
    assert said.witness == "lindner"
    assert said.wording == words().text("consent.letter")
    with world.db.reading() as tx:
        assert consents.all_of(tx, sommer) == [said]
        assert "consent" in {line.purpose for line in service.lines_of(tx, sommer)}


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("answer", Answer)
def test_each_answer_is_a_fhir_consent(purpose: Purpose, answer: Answer) -> None:
    at, asked = datetime(2026, 11, 24, 9, tzinfo=UTC), consents.wording(purpose, words())
    said = Said("c1", purpose, answer, How.SPOKEN, at, VERSION, "de", asked, "lindner")
    made = consent_fhir.consent(said, "p1", organization="Organization/telemed")
    read = Consent.model_validate(made)
    assert read.status == {"yes": "active", "no": "rejected", "discuss": "proposed"}[answer.value]
    assert read.provision.type == ("permit" if answer is Answer.YES else "deny")
    assert read.verification[0].verifiedWith.reference == "Practitioner/lindner"
    assert consent_fhir.consent(said, "p1", organization="Organization/x", counts=False)["status"] == "inactive"


def test_a_relative_comes_by_her_link_as_herself_and_may_what_the_mandate_says(world: World, sommer: str) -> None:
    mandate, token = give(world, sommer, Scope.CHANGE)
    with world.db.transaction() as tx:
        session, _ = mandates.enter(tx, token, now=world.now)
        assert who(tx, session=session, bearer=None, now=world.now) == Actor(Role.RELATIVE, mandate)
    assert check(world, mandate) == check(world, mandate, Scope.CHANGE) == sommer
    with pytest.raises(MandateNarrower):
        check(world, mandate, Scope.BOOK)
    with world.db.transaction() as tx:
        (kept,) = mandates_of(tx, world, sommer, now=world.now)
        assert mandates.named(tx, world.secrets, [mandate], actor=ASSISTANT, now=world.now) == {mandate: ANNA.name}
    assert kept.relative == ANNA
    assert kept.opened_at == world.now
    assert kept.expires_at == world.now + LASTS[Lasts.MONTH]
    read = RelatedPerson.model_validate(consent_fhir.related_person(kept, sommer))
    assert read.active


def test_whoever_was_there_is_the_witness(world: World, sommer: str) -> None:
    for actor, witness in ((ASSISTANT, "lindner"), (RESIDENT, "")):
        mandate, _ = give(world, sommer, actor=actor)
        with world.db.transaction() as tx:
            kept = {one.id: one for one in mandates_of(tx, world, sommer, now=world.now)}
        assert kept[mandate].witness == witness


def test_an_ended_mandate_opens_nothing_from_the_next_request_on(world: World, sommer: str) -> None:
    mandate, token = give(world, sommer, *Scope)
    with world.db.transaction() as tx:
        mandates.end(tx, sommer, mandate, actor=RESIDENT, now=world.now)
    with pytest.raises(MandateOver):
        check(world, mandate)
    with world.db.transaction() as tx:
        with pytest.raises(LinkUsed):
            mandates.enter(tx, token, now=world.now)
        with pytest.raises(NotFound):
            mandates.end(tx, sommer, mandate, actor=RESIDENT, now=world.now)


def test_a_mandate_runs_out_by_itself_and_is_forgotten(world: World, sommer: str) -> None:
    mandate, token = give(world, sommer, *Scope)
    later = world.now + LASTS[Lasts.MONTH]
    with world.db.transaction() as tx:
        with pytest.raises(MandateOver):
            mandates.check(tx, Actor(Role.RELATIVE, mandate), Scope.SEE, now=later)
        with pytest.raises(LinkUsed):
            mandates.look_at(tx, token, now=later)
        mandates.forget_old(tx, now=later)
        assert mandates_of(tx, world, sommer, now=later)
        mandates.forget_old(tx, now=later + mandates.KEEP * 2)
        assert not mandates_of(tx, world, sommer, now=later)


def test_so_many_may_act_for_one_person_and_no_more(world: World, sommer: str) -> None:
    given = [give(world, sommer)[0] for _ in range(MOST)]
    with pytest.raises(TooManyRelatives):
        give(world, sommer)
    with world.db.transaction() as tx:
        mandates.end(tx, sommer, given[0], actor=RESIDENT, now=world.now)
    give(world, sommer)


def test_nobody_acts_by_the_id_of_a_mandate_in_another_role(world: World, sommer: str) -> None:
    mandate, _ = give(world, sommer)
    with world.db.reading() as tx:
        for role in set(Role) - {Role.RELATIVE}:
            with pytest.raises(MandateOver):
                mandates.check(tx, Actor(role, mandate), Scope.SEE, now=world.now)

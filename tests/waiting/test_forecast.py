"""The forecast of those who wait: what it takes into account, and how good it is on days that it has not seen."""

from datetime import datetime, timedelta

import pytest

from schemas.day import DayPlan, Elsewhere, Fact, Learnt, Spread, Word, WordKind
from telemed.queue import history
from telemed.queue.history import Tally
from telemed.queue.saying import Start
from tests.builders import TUESDAY, make_fact, make_visit
from tests.waiting.evaluation import School, examine, school, score, starts, whole
from tests.waiting.families import GammaMixture, Lognormal
from tests.waiting.simulator import simulate
from tests.waiting.worlds import Purpose, World

MINUTE = timedelta(minutes=1)
SOME = Learnt(as_of=TUESDAY, days=1, spreads=(Spread(key="no-show", values=(0.1,), count=10),))
"""Next to nothing, so that what is believed beforehand counts."""


def plan(count: int = 4, *, words: tuple[Word, ...] = (), elsewhere: tuple[Elsewhere, ...] = ()) -> DayPlan:
    visits = tuple(make_visit(number, TUESDAY + number * 30 * MINUTE) for number in range(count))
    return DayPlan(
        room_id="r",
        room_name="Raum 1",
        day=TUESDAY.date(),
        seq=1,
        as_of=TUESDAY,
        visits=visits,
        words=words,
        elsewhere=elsewhere,
        learnt=SOME,
    )


def happened(number: int, kind: str, minute: float) -> Fact:
    return make_fact(f"visit-{number}", kind, TUESDAY + minute * MINUTE)


def minutes(start: Start) -> tuple[float, float, float]:
    return tuple((at - TUESDAY).total_seconds() / 60 for at in (start.low, start.expected, start.high))  # type: ignore[return-value]


def begun(count: int = 4) -> list[Fact]:
    """Everybody is here, and the first is inside."""
    here = [happened(number, "arrived", -10) for number in range(count)]
    return [*here, happened(0, "called", 0), happened(0, "entered", 1)]


def asked(facts: list[Fact], minute: float, day: DayPlan | None = None) -> dict[str, tuple[float, float, float]]:
    now: datetime = TUESDAY + minute * MINUTE
    return {visit: minutes(start) for visit, start in starts(day or plan(), facts, now).items()}


def test_the_same_input_gives_the_same_answer_in_any_order_of_facts() -> None:
    assert asked(begun(), 10) == asked(list(reversed(begun())), 10)


def test_an_interval_is_in_order_never_in_the_past_and_wider_the_further_ahead() -> None:
    found = asked(begun(), 10)
    assert set(found) == {"visit-1", "visit-2", "visit-3"}
    assert all(10 <= low <= median <= high for low, median, high in found.values())
    widths = [found[f"visit-{number}"][2] - found[f"visit-{number}"][0] for number in (1, 2, 3)]
    assert widths == sorted(widths)


def test_the_longer_somebody_is_inside_the_later_the_others_begin() -> None:
    medians = [asked(begun(), minute)["visit-1"][1] for minute in (5, 20, 40, 60)]
    assert medians == sorted(medians)
    assert medians[-1] > medians[0] + 25


def test_a_doctor_who_was_slow_today_is_expected_to_go_on_so() -> None:
    def day(length: float) -> dict[str, tuple[float, float, float]]:
        facts = begun()
        for number in (0, 1):
            at = number * 35
            facts += [happened(number, "called", at), happened(number, "ended", at + length)]
            facts.append(happened(number, "cleaned", at + length + 5))
        return asked([*facts, happened(2, "called", 75)], 76)

    slow, quick = day(30), day(10)
    assert slow["visit-3"][1] > quick["visit-3"][1] + 1


def test_somebody_who_is_awaited_and_does_not_come_is_less_and_less_expected() -> None:
    facts = [happened(3, "arrived", 30)]
    early, late = (asked(facts, minute)["visit-3"][1] - minute for minute in (35, 75))
    assert late < early


def test_the_doctors_own_word_counts_at_once_until_she_is_back() -> None:
    facts = [happened(0, "arrived", -10)]
    away = Word(word_id="w", doctor_id="weiss", kind=WordKind.LATER, at=TUESDAY, minutes=40)
    before, during = asked(facts, 1), asked(facts, 1, plan(words=(away,)))
    assert during["visit-0"][1] > before["visit-0"][1] + 20
    back = Word(word_id="b", doctor_id="weiss", kind=WordKind.BACK, at=TUESDAY + MINUTE)
    assert asked(facts, 1, plan(words=(away, back))) == before
    assert asked(facts, 1, plan(words=(away.model_copy(update={"withdrawn": True}),))) == before


def test_a_doctor_late_in_another_room_delays_this_one() -> None:
    there = make_visit(9, TUESDAY - 20 * MINUTE)
    facts = tuple(make_fact("visit-9", kind, TUESDAY - 20 * MINUTE) for kind in ("arrived", "called", "entered"))
    elsewhere = Elsewhere(
        visit_id="visit-9", room_id="s", doctor_id="weiss", start=there.start, end=there.end, facts=facts
    )
    here = [happened(number, "arrived", -10) for number in range(4)]
    over = (*facts, make_fact("visit-9", "ended", TUESDAY - 5 * MINUTE))
    busy = asked(here, 10, plan(elsewhere=(elsewhere,)))
    free = asked(here, 10, plan(elsewhere=(elsewhere.model_copy(update={"facts": over}),)))
    assert busy["visit-0"][1] > free["visit-0"][1] + 2
    assert set(busy) == {f"visit-{number}" for number in range(4)}


def test_who_says_that_she_will_be_late_is_expected_then() -> None:
    said = happened(1, "late", -30).model_copy(update={"minutes": 40})
    assert asked([said], 0)["visit-1"][1] >= 60


def test_put_back_and_reopened_wait_again() -> None:
    for kind in ("put-back", "reopened"):
        facts = [*begun(), *([happened(0, "ended", 5)] if kind == "reopened" else []), happened(0, kind, 8)]
        assert "visit-0" in asked(facts, 9)


def test_a_day_without_anybody_left_asks_nothing() -> None:
    assert asked([happened(n, kind, 5) for n in range(4) for kind in ("arrived", "called", "ended")], 200) == {}


@pytest.fixture(scope="module")
def pupil() -> School:
    return school(World(Lognormal(), 0.9), 15)


def test_on_unseen_days_it_beats_both_naive_ones_and_its_intervals_hold(pupil: School) -> None:
    """A reduced count; the full one is in tests/bench/issue_e."""
    found = score(examine(pupil, World(Lognormal(), 0.9), range(7)))
    assert found.count > 100
    assert found.ours < 0.65 * found.planned
    assert found.ours < 0.9 * found.carried
    assert 0.68 < found.coverage < 0.92


def test_how_many_intervals_held_is_counted_as_they_are_made(pupil: School) -> None:
    held, made = pupil.tally.sum("covered")
    scored = sum(sum(of.values()) for key, of in pupil.tally.counts.items() if key.startswith("score|"))
    assert made == pytest.approx(scored, rel=0.05)
    assert 0.68 < held / made < 0.92


def test_on_the_other_family_too() -> None:
    world = World(GammaMixture(), 0.9, drift=0.25, drift_days=60)
    found = score(examine(school(world, 15), world, range(15, 22)))
    assert found.ours < 0.95 * found.carried
    assert 0.62 < found.coverage < 0.95


def test_what_was_learnt_survives_as_text_and_forgets(pupil: School) -> None:
    again = Tally.from_json(pupil.tally.to_json())
    first, second = (history.learnt(each, as_of=TUESDAY) for each in (pupil.tally, again))
    assert first is not None
    assert second is not None
    for one, other in zip(first.spreads, second.spreads, strict=True):
        assert one.key == other.key
        assert one.values == pytest.approx(other.values, abs=0.02)
    slow = School(again, second).attend(World(Lognormal(), 0.9).drifted(0.8), range(100, 106))
    before, after = (history.location(each, "talk", "kaya") for each in (pupil.tally, slow.tally))
    assert after > before + 0.1


def test_nothing_of_what_is_kept_says_who_came_or_when(pupil: School) -> None:
    kept = pupil.tally.to_json()
    for day in (simulate(World(Lognormal(), 0.9), Purpose.TRAINING, number) for number in range(3)):
        assert not [visit.visit_id for room in whole(day) for visit in room.plan.visits if visit.visit_id in kept]
        assert day.day.isoformat() not in kept

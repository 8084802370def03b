"""Who goes in before whom: the rule by examples, and what is true of every line."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.day import Fact, FactKind, FactReason, PlannedVisit
from telemed.queue.order import Why, order
from telemed.visit.model import VisitState, state_of
from tests.builders import TUESDAY, make_fact, make_visit

MINUTE = timedelta(minutes=1)


def line(*starts: int, walk_ins: Sequence[int] = ()) -> list[PlannedVisit]:
    """Visits that start so many minutes after nine, numbered in this order."""
    return [
        make_visit(number, TUESDAY + start * MINUTE).model_copy(update={"walk_in": number in walk_ins})
        for number, start in enumerate(starts)
    ]


def happened(number: int, kind: str, minute: float, **more: object) -> Fact:
    return make_fact(f"visit-{number}", kind, TUESDAY + minute * MINUTE).model_copy(update=more)


def stand(visits: list[PlannedVisit], *facts: Fact) -> list[tuple[int, str]]:
    """Number and reason of each, in order."""
    by_visit: dict[str, list[Fact]] = {}
    for fact in facts:
        by_visit.setdefault(fact.visit_id, []).append(fact)
    return [(int(place.visit.visit_id[6:]), place.why.value) for place in order(visits, by_visit)]


def numbers(visits: list[PlannedVisit], *facts: Fact) -> list[int]:
    return [number for number, _ in stand(visits, *facts)]


def test_the_planned_start_counts_not_who_came_first() -> None:
    visits = line(0, 20, 40)
    assert numbers(visits, happened(2, "arrived", -30), happened(1, "arrived", -10), happened(0, "arrived", -1)) == [
        0,
        1,
        2,
    ]


def test_who_is_called_comes_first_and_who_is_over_stands_nowhere() -> None:
    visits = line(0, 20, 40)
    facts = [happened(0, "ended", 10), happened(2, "arrived", 0), happened(2, "called", 11)]
    assert stand(visits, *facts) == [(2, "called"), (1, "planned")]


def test_without_an_appointment_one_goes_behind_those_of_about_the_same_time() -> None:
    visits = line(0, 8, 15, walk_ins=[0])
    assert stand(visits) == [(1, "planned"), (0, "walk-in"), (2, "planned")]


def test_who_comes_late_goes_behind_the_next_who_is_here_and_loses_one_place_only() -> None:
    visits = line(0, 20, 40)
    here = [happened(1, "arrived", -5), happened(2, "arrived", -5)]
    late = happened(0, "arrived", 6)
    assert stand(visits, *here, late) == [(1, "planned"), (0, "came-late"), (2, "planned")]
    gone_in = [*here, late, happened(1, "called", 7), happened(1, "ended", 20)]
    assert numbers(visits, *gone_in) == [0, 2]
    assert numbers(visits, happened(0, "arrived", 5), *here) == [0, 1, 2]
    assert numbers(visits, late) == [0, 1, 2]


def test_who_said_so_and_comes_by_then_keeps_the_place_and_until_then_is_expected_later() -> None:
    visits = line(0, 20, 40)
    here = [happened(1, "arrived", -5), happened(2, "arrived", -5)]
    said = happened(0, "late", -20, minutes=30)
    assert numbers(visits, *here, said) == [1, 0, 2]
    assert stand(visits, *here, said, happened(0, "arrived", 34)) == [(0, "said-late"), (1, "planned"), (2, "planned")]
    assert numbers(visits, *here, said, happened(0, "arrived", 36)) == [1, 0, 2]


def test_each_time_somebody_is_skipped_one_goes_first() -> None:
    visits = line(0, 20, 40)
    here = [happened(number, "arrived", -5) for number in range(3)]
    once = happened(0, "skipped", 1, reason=FactReason.NOT_READY)
    assert stand(visits, *here, once) == [(1, "planned"), (0, "skipped"), (2, "planned")]
    assert numbers(visits, *here, once, happened(0, "skipped", 2, reason=FactReason.OWN_WISH)) == [1, 2, 0]


def test_who_was_put_back_by_mistake_keeps_the_place_and_who_wished_it_does_not() -> None:
    visits = line(0, 20)
    begun = [happened(0, "arrived", -5), happened(1, "arrived", -5), happened(0, "called", 0)]
    for reason in FactReason:
        placed = numbers(visits, *begun, happened(0, "put-back", 1, reason=reason))
        kept = reason in (FactReason.MISTAKE, FactReason.TECHNICAL)
        assert placed == ([0, 1] if kept else [1, 0])


def test_what_was_over_by_mistake_is_next_again() -> None:
    visits = line(0, 20)
    facts = [happened(0, "arrived", -5), happened(1, "arrived", -5), happened(0, "called", 0), happened(0, "ended", 1)]
    assert stand(visits, *facts, happened(0, "reopened", 2, reason=FactReason.MISTAKE)) == [
        (0, "reopened"),
        (1, "planned"),
    ]


reasons = st.sampled_from([None, *FactReason])
days = st.tuples(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(FactKind)), st.integers(-20, 90), reasons), max_size=24),
)


@given(days, st.randoms(use_true_random=False))
def test_everybody_whose_visit_is_not_over_stands_in_line_once_whatever_the_order_of_the_news(
    day: tuple[list[tuple[int, bool]], list[tuple[int, FactKind, int, FactReason | None]]], chance: object
) -> None:
    planned, told = day
    walk_ins = [number for number, (_, walk_in) in enumerate(planned) if walk_in]
    visits = line(*(5 * start for start, _ in planned), walk_ins=walk_ins)
    facts = [happened(number, kind.value, minute, reason=reason) for number, kind, minute, reason in told]
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
    found = stand(visits, *facts)
    assert found == stand(list(reversed(visits)), *shuffled)
    by_visit = {visit.visit_id: [fact for fact in facts if fact.visit_id == visit.visit_id] for visit in visits}
    waiting = [
        int(visit_id[6:])
        for visit_id, own in by_visit.items()
        if state_of(own) not in (VisitState.ENDED, VisitState.NO_SHOW)
    ]
    assert sorted(number for number, _ in found) == sorted(waiting)
    called = [why == Why.CALLED for _, why in found]
    assert called == sorted(called, reverse=True)

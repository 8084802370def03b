"""Whatever happens on a day, in whatever order it becomes known: there is an answer for everybody who waits."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.day import DayPlan, Elsewhere, Fact, FactKind, Learnt, Spread, Word, WordKind
from telemed.queue.model import standing
from telemed.visit.model import VisitState
from tests.builders import TUESDAY, make_fact, make_visit

MINUTE = timedelta(minutes=1)
KEYS = ("length||", "arrival", "no-show", "gap", "cleaning", "pace", "calibration|", "opening|weiss", "pause")
MINUTES = st.integers(-60, 600)

facts = st.builds(
    lambda number, kind, minute, said: make_fact(f"visit-{number}", kind, TUESDAY + minute * MINUTE).model_copy(
        update={"minutes": said}
    ),
    st.integers(0, 5),
    st.sampled_from(list(FactKind)),
    MINUTES,
    st.none() | st.integers(0, 480),
)
words = st.builds(
    lambda number, kind, minute, minutes: Word(
        word_id=f"w{number}", doctor_id="weiss", kind=kind, at=TUESDAY + minute * MINUTE, minutes=minutes
    ),
    st.integers(0, 99),
    st.sampled_from(list(WordKind)),
    MINUTES,
    st.none() | st.integers(0, 480),
)
values = st.lists(st.floats(-100, 100), max_size=5).map(lambda each: tuple(sorted(each)))
spreads = st.builds(lambda key, each: Spread(key=key, values=each, count=1), st.sampled_from(KEYS), values)


def day(told: list[Word], known: list[Spread], there: list[Fact]) -> DayPlan:
    visits = tuple(make_visit(number, TUESDAY + number * 20 * MINUTE) for number in range(5))
    elsewhere = Elsewhere(
        visit_id="visit-5",
        room_id="s",
        doctor_id="weiss",
        start=TUESDAY + 30 * MINUTE,
        end=TUESDAY + 50 * MINUTE,
        facts=tuple(fact for fact in there if fact.visit_id == "visit-5"),
    )
    return DayPlan(
        room_id="r",
        room_name="Raum 1",
        day=TUESDAY.date(),
        seq=1,
        as_of=TUESDAY,
        visits=visits,
        words=tuple(told),
        elsewhere=(elsewhere,),
        learnt=Learnt(as_of=TUESDAY, days=1, spreads=tuple(known)),
    )


@settings(max_examples=60)
@given(st.lists(facts, max_size=25), st.lists(words, max_size=3), st.lists(spreads, max_size=4), MINUTES)
def test_everybody_who_waits_has_an_interval_in_order_and_not_in_the_past(
    happened: list[Fact], told: list[Word], known: list[Spread], minute: int
) -> None:
    now = TUESDAY + minute * MINUTE
    past = [fact for fact in happened if fact.at <= now]
    own = [fact for fact in past if fact.visit_id != "visit-5"]
    found = standing(day([word for word in told if word.at <= now], known, past), own, now)
    for entry in found.visits:
        waits = entry.state in (VisitState.PLANNED, VisitState.ARRIVED)
        assert (entry.start is not None) is waits
        if entry.start is not None:
            assert now <= entry.start.low <= entry.start.expected <= entry.start.high

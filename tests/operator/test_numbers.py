"""Figures of the last weeks: right, without a person, and silent where they rest on too few."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from schemas.day import Fact, FactKind, FactReason
from telemed.help.model import Asked, HelpCall, Through
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.operator.figures import Course, by_language, figures
from tests.desk.test_pages import browser
from tests.desk.world import NAMES, make_world

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def happened(*what: tuple[FactKind, int], reason: FactReason | None = None) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            fact_id=new_id(),
            visit_id="v",
            kind=kind,
            at=START + timedelta(minutes=after),
            by="assistant",
            reason=reason if kind is FactKind.NO_SHOW else None,
        )
        for kind, after in what
    )


def waited(minutes: int, *, arrived: int = -10) -> Course:
    return Course("raum-1", START, happened((FactKind.ARRIVED, arrived), (FactKind.CALLED, minutes)))


def call(after_s: int | None) -> HelpCall:
    answered = None if after_s is None else START + timedelta(seconds=after_s)
    return HelpCall(new_id(), "raum-1", None, Asked.HELP, Through.KEY, START, answered_at=answered)


def test_waiting_counts_from_the_plan_or_from_a_later_arrival_and_never_less_than_nothing() -> None:
    assert waited(12).waited == timedelta(minutes=12)
    assert waited(12, arrived=10).waited == timedelta(minutes=2)
    assert waited(-5).waited == timedelta(0)
    assert Course("raum-1", START, ()).waited is None


def test_the_figures_of_many_are_told() -> None:
    seen = [waited(each) for each in (0, 2, 4, 5, 5, 10, 20, 30, 40, 50)]
    away = [Course("raum-1", START, happened((FactKind.NO_SHOW, 15), reason=FactReason.TECHNICAL)) for _ in range(5)]
    found = figures("", [*seen, *away], [call(after) for after in (10, 20, 30, 40, 50, None)])
    assert found.visits == 10
    assert found.waited_median_min == 7.5
    assert found.waited_p90_min is not None
    assert 40 < found.waited_p90_min <= 50
    assert found.on_time_percent == 50
    assert found.stayed_away_percent == 33
    assert (found.broken, found.help_calls, found.help_answered_median_s) == (5, 6, 30)


def test_what_rests_on_too_few_is_not_told() -> None:
    few = figures("", [waited(5)] * 4, [call(10)] * 4)
    assert few == replace(few, visits=None, waited_median_min=None, waited_p90_min=None, help_calls=None)
    assert few.on_time_percent is few.help_answered_median_s is None
    one_late = figures("", [*[waited(0)] * 9, waited(30)], [])
    assert one_late.visits == 10
    assert one_late.on_time_percent is None  # one alone was late, and is not pointed at
    elsewhere = figures("raum-2", [waited(0)] * 9, [])
    assert elsewhere.visits is None


def test_of_each_language_is_told_what_rests_on_enough_and_the_sum_tells_of_nobody() -> None:
    def told(**counts: int) -> dict[str, int | None]:
        seen = [replace(waited(5), language=code) for code, count in counts.items() for _ in range(count)]
        return {code: row.visits for code, row in by_language(seen, ("de", "tr", "ar")).items()}

    assert told(de=20, tr=6, ar=5) == {"de": 20, "tr": 6, "ar": 5}
    assert told(de=20, tr=6) == {"de": 20, "tr": 6, "ar": None}  # nobody, or few: that is not told apart
    assert told(de=20, tr=6, ar=2) == {"de": 20, "tr": None, "ar": None}  # 28 less 26 would have told of the two
    assert told(de=20, tr=3, ar=2) == {"de": 20, "tr": None, "ar": None}
    assert told(de=4) == {"de": None, "tr": None, "ar": None}


def test_the_page_shows_them_by_room_and_nobody_by_name(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    page = browser(world, Role.OPERATOR, "operator").get("/betrieb/zahlen").text
    assert page.count("data-figure") == 8
    assert page.count("data-language") == 8
    assert "zu wenige" in page
    assert not any(name in page for name in NAMES)
    assert browser(world, Role.ASSISTANT, "lindner").get("/betrieb/zahlen").status_code == 403

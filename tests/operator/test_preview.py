"""What templates cost whom, against figures measured elsewhere, and what the plan makes of them."""

import itertools
from random import Random

import pytest

from telemed.booking.sessions import turns
from telemed.directory.model import Template
from telemed.operator.preview import (
    Costs,
    Lengths,
    Session,
    asked,
    drawn,
    lognormal,
    overbooked,
    play,
    previews,
    textbook,
)

SIXTEEN = Session(minutes=240, visit=15, pitch=15)
MEASURED = {
    Template.INDIVIDUAL: (9.1, 46.4, 14.5),
    Template.BAILEY_WELCH: (12.2, 32.9, 9.0),
    Template.DOME: (9.9, 41.6, 12.3),
    Template.LONGER: (6.6, 63.6, 27.7),
}
"""Minutes of wait, idle and overtime of 16 slots of 15 minutes, cv 0.7, 15 % no-show: another simulation than this."""


def costs(template: Template) -> Costs:
    return play(textbook(template, 16, 15), SIXTEEN, lognormal(15), no_show=0.15, runs=2000)


@pytest.mark.parametrize("template", list(Template))
def test_waiting_idle_and_overtime_agree_with_figures_measured_elsewhere(template: Template) -> None:
    found = costs(template)
    wait, idle, overtime = MEASURED[template]
    assert found.wait == pytest.approx(wait, abs=1.6)
    assert found.idle == pytest.approx(idle, rel=0.10)
    assert found.overtime == pytest.approx(overtime, rel=0.18)


def test_what_templates_trade_is_as_measured_elsewhere() -> None:
    plain, base = costs(Template.INDIVIDUAL), MEASURED[Template.INDIVIDUAL]
    for template, (wait, idle, overtime) in MEASURED.items():
        found = costs(template)
        assert found.wait / plain.wait == pytest.approx(wait / base[0], abs=0.08), template
        assert found.idle / plain.idle == pytest.approx(idle / base[1], abs=0.05), template
        assert found.overtime / plain.overtime == pytest.approx(overtime / base[2], abs=0.08), template


def test_overbooking_sees_more_and_costs_more() -> None:
    plain = textbook(Template.INDIVIDUAL, 16, 15)
    twice = overbooked(plain)
    assert len(twice) == 19
    found = play(twice, SIXTEEN, lognormal(15), no_show=0.15)
    assert found.seen == pytest.approx(16.2, abs=0.2)
    assert found.wait > 1.5 * costs(Template.INDIVIDUAL).wait


def test_a_preview_is_the_same_each_time_and_of_what_the_plan_really_lays_out() -> None:
    session = Session(minutes=240, visit=20, pitch=30, turnaround=10)
    rows = previews(session, Lengths())
    assert [row.template for row in rows] == [*Template, None]
    assert rows == previews.__wrapped__(session, Lengths())
    assert asked(Template.INDIVIDUAL, session) == (0, 30, 60, 90, 120, 150, 180, 210)
    assert asked(Template.BAILEY_WELCH, session) == (0, 0, 30, 60, 90, 120, 150, 180)
    assert asked(Template.LONGER, session) == (0, 30, 70, 100, 130, 160, 200)


def test_what_was_learnt_of_lengths_counts() -> None:
    session = Session(minutes=240, visit=20, pitch=30, turnaround=10)
    on_time, slow = (Lengths((ratio, ratio), no_show=0.0) for ratio in (1.0, 1.5))
    assert previews(session, on_time)[0].costs == Costs(0, 0, 0, 8)
    assert previews(session, slow)[0].costs.overtime == pytest.approx(70)  # 8 visits, each 10 minutes longer, less 10
    halves = drawn(20, Lengths((0.5, 1.0, 2.0)))
    random = Random(1)
    assert sum(halves(random) for _ in range(4000)) / 4000 == pytest.approx(20 * (0.75 + 1.5) / 2, rel=0.02)


@pytest.mark.parametrize("template", list(Template))
@pytest.mark.parametrize(("session", "visit", "pitch"), [(48, 4, 6), (36, 3, 6), (60, 6, 8), (3, 4, 6), (4, 4, 6)])
def test_two_visits_of_a_session_never_overlap_and_nobody_comes_after_the_beginning(
    template: Template, session: int, visit: int, pitch: int
) -> None:
    laid_out = turns(template, session=session, visit=visit, pitch=pitch)
    assert all(later.start - former.start >= pitch for former, later in itertools.pairwise(laid_out))
    assert all(turn.before >= 0 and turn.start + visit <= session for turn in laid_out)
    assert bool(laid_out) is (visit <= session)

"""Who of the kiosks and monitors is there, and until when the others were."""

from datetime import UTC, datetime, timedelta

from room_agent.present import JUST_PAIRED_S, Present
from schemas.day import MachineKey, MachineKind

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_is_connected_twice_is_there_until_both_have_ended_and_then_was_last_there() -> None:
    seconds = Seconds()
    present = Present(seconds)
    with present.connected("m-1"):
        with present.connected("m-1"), present.connected("k-1"):
            assert present.now == {"m-1", "k-1"}
        seconds.now += 30
        assert present.now == {"m-1"}
        seen = {each.machine_id: each.seen for each in present.seen({"m-1", "k-1"}, NOW)}
        assert seen == {"m-1": NOW, "k-1": NOW - timedelta(seconds=30)}
    seconds.now += 60
    assert present.now == set()
    assert [each.seen for each in present.seen({"m-1"}, NOW)] == [NOW - timedelta(seconds=60)]


def test_only_machines_of_the_plan_are_told_of() -> None:
    present = Present(Seconds())
    with present.connected("revoked"):
        assert present.seen({"m-1"}, NOW) == ()


def test_who_was_just_paired_may_come_until_a_plan_knows_better() -> None:
    seconds = Seconds()
    present = Present(seconds)
    early, late = (MachineKey(machine_id=each, kind=MachineKind.MONITOR, public_key="key") for each in ("m-1", "m-2"))
    present.just_paired(early)
    assert present.waiting() == [early]
    present.planned([early, late])
    present.just_paired(late)  # the plan was faster than the answer
    assert present.waiting() == []
    present.planned([])
    assert present.waiting() == []


def test_who_was_just_paired_may_not_come_for_ever() -> None:
    seconds = Seconds()
    present = Present(seconds)
    present.just_paired(MachineKey(machine_id="m-1", kind=MachineKind.MONITOR, public_key="key"))
    seconds.now += JUST_PAIRED_S
    assert present.waiting() == []

"""How the operator sees each machine of a room: there, gone, shut out, or never heard of."""

from datetime import UTC, datetime, timedelta

from schemas.checks import CheckReport, MachineSeen
from telemed.identity.model import Machine
from telemed.operator.model import Contact, RoomView, machine_view

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
MONITOR, KIOSK = Machine("m-1", "monitor", "r", "key", False), Machine("k-1", "kiosk", "r", "key", False)
AGENT = Machine("a-1", "agent", "r", "key", False)
SHUT_OUT = Machine("m-2", "monitor", "r", "key", True)


def report(**ago_s: float) -> CheckReport:
    seen = tuple(
        MachineSeen(machine_id=name.replace("_", "-"), seen=NOW - timedelta(seconds=ago)) for name, ago in ago_s.items()
    )
    return CheckReport(room_id="r", at=NOW, simulated=True, results=(), machines=seen)


def test_a_monitor_is_there_gone_or_unknown_as_its_room_says() -> None:
    there = machine_view(MONITOR, report(m_1=0), NOW, NOW)
    gone = machine_view(MONITOR, report(m_1=90), NOW, NOW)
    assert (there.contact, there.seen) == (Contact.HERE, NOW)
    assert (gone.contact, gone.seen) == (Contact.AWAY, NOW - timedelta(seconds=90))
    for told in (report(k_1=0), None):
        assert machine_view(MONITOR, told, NOW, NOW).contact is Contact.UNKNOWN


def test_what_a_room_said_before_it_went_silent_is_the_past() -> None:
    later = NOW + timedelta(minutes=5)
    for machine in (AGENT, KIOSK):
        assert machine_view(machine, report(k_1=0), NOW, NOW).contact is Contact.HERE
        assert machine_view(machine, report(k_1=0), NOW, later).contact is Contact.AWAY


def test_a_machine_that_is_shut_out_is_said_to_be_so_even_if_it_was_just_there() -> None:
    assert machine_view(SHUT_OUT, report(m_2=0), NOW, NOW).contact is Contact.REVOKED


def test_only_monitors_that_are_gone_while_their_room_is_heard_are_trouble() -> None:
    machines = tuple(
        machine_view(each, report(m_1=90, k_1=90, m_2=90), NOW, NOW) for each in (MONITOR, KIOSK, SHUT_OUT)
    )
    heard = RoomView("r", "Raum", NOW, True, machines)
    assert [each.id for each in heard.dark] == ["m-1"]
    assert RoomView("r", "Raum", NOW, False, machines).dark == ()

"""What an access token's scopes let a program do."""

import pytest

from telemed.fhir.issues import explain
from telemed.identity.model import Actor, Role
from telemed.identity.scopes import Act, permits, require
from telemed.kit.refusal import NotAllowed


def client(*scopes: str) -> Actor:
    return Actor(Role.CLIENT, "practice", scopes=scopes)


def test_a_scope_allows_what_it_names_of_the_type_that_it_names() -> None:
    asker = client("system/Appointment.rs", "system/Slot.s")
    assert [act for act in Act if permits(asker, "Appointment", act)] == [Act.READ, Act.SEARCH]
    assert [act for act in Act if permits(asker, "Slot", act)] == [Act.SEARCH]
    assert not permits(asker, "Schedule", Act.READ)
    with pytest.raises(NotAllowed):
        require(asker, "Appointment", Act.CREATE)


@pytest.mark.parametrize(
    "scope", ["system/*.rs", "system/Appointment.*", "system/Appointment.read", "user/Slot.rs", ""]
)
def test_there_are_no_wildcards_and_no_older_forms(scope: str) -> None:
    assert not any(permits(client(scope), kind, act) for kind in ("Appointment", "Slot") for act in Act)


def test_a_token_of_the_operator_says_nothing_of_it() -> None:
    require(Actor(Role.CLIENT, "practice"), "Appointment", Act.CREATE)


def test_who_lacks_a_scope_is_told_which() -> None:
    with pytest.raises(NotAllowed) as refused:
        require(client("system/Slot.rs"), "Appointment", Act.SEARCH)
    status, (issue,) = explain(refused.value)
    assert status == 403
    assert "system/Appointment.s" in issue.diagnostics
    assert "system/Appointment.s" in issue.text

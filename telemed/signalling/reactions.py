"""What the hub does when a visit ends or a machine is revoked."""

from collections.abc import Callable
from datetime import datetime

from schemas.day import FactKind
from telemed.identity import service as identity
from telemed.identity.model import InvitationRevoked, MachinesChanged
from telemed.identity.staff_model import StaffRevoked
from telemed.kit.db import Tx
from telemed.signalling.hub import Hub
from telemed.visit.model import FactKnown

OVER = (FactKind.ENDED.value, FactKind.NO_SHOW.value)


def send_out(hub: Hub) -> Callable[..., None]:
    """React to `FactKnown`: nobody stays in a visit that is over."""

    def react(_tx: Tx, happened: FactKnown, *, now: datetime) -> None:  # noqa: ARG001 - every reaction is called so
        if happened.kind in OVER:
            hub.end(happened.visit_id)

    return react


def shut_out_revoked(hub: Hub) -> Callable[..., None]:
    """React to `MachinesChanged`: a revoked machine leaves every visit."""

    def react(tx: Tx, happened: MachinesChanged, *, now: datetime) -> None:  # noqa: ARG001 - every reaction is called so
        machines = identity.machines_of(tx, happened.room_id)
        if any(machine.id == happened.machine_id and machine.revoked for machine in machines):
            hub.shut_out(happened.machine_id)

    return react


def shut_out_guest(hub: Hub) -> Callable[..., None]:
    """React to `InvitationRevoked`: whoever came by it leaves."""

    def react(_tx: Tx, happened: InvitationRevoked, *, now: datetime) -> None:  # noqa: ARG001 - every reaction is called so
        hub.shut_out(happened.invitation_id)

    return react


def shut_out_staff(hub: Hub) -> Callable[..., None]:
    """React to `StaffRevoked`: whoever is shut out leaves every visit."""

    def react(_tx: Tx, happened: StaffRevoked, *, now: datetime) -> None:  # noqa: ARG001 - every reaction is called so
        hub.shut_out(happened.subject)

    return react

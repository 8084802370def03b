"""``telemed client …``: which programs may sign in at the FHIR interface by SMART Backend Services."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from telemed.commands import fail, opened, say
from telemed.directory import service as directory
from telemed.identity import clients, granted
from telemed.identity.allowed import EVERYONE
from telemed.identity.client_model import Client
from telemed.identity.clients import Wanted
from telemed.identity.doors import token_address
from telemed.identity.scopes import by_kind
from telemed.interop import served
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.people import service as people
from telemed.people.act_fhir import act_event
from telemed.web.origins import Area

cli = typer.Typer(no_args_is_help=True, help="Programs of other houses that sign in by a key of their own.")

BY = "command line"
"""Who let them in, where nobody is signed in."""


@cli.command("add")
def add(
    name: Annotated[str, typer.Argument(help="by which you know it again")],
    keys: Annotated[Path | None, typer.Option(help="its public keys, a JWK Set")] = None,
    keys_url: Annotated[str, typer.Option(help="or where they are fetched, https")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="what it may, such as system/Slot.rs; no wildcards")] = None,
    works_for: Annotated[
        list[str] | None, typer.Option("--for", help="the doctor whose appointments it sees; * for all")
    ] = None,
) -> None:
    """Let a program in; print its client id and where it gets its tokens."""
    if (keys is None) == (not keys_url):
        fail("its keys are in a file (--keys) or at an address (--keys-url), one of both")
    if keys is not None and not keys.is_file():
        fail(f"{keys} is not a file")
    wrong = _not_served(scope or ())
    if wrong:
        fail(f"there is no {wrong} to be granted; scopes are like system/Slot.rs")
    text = keys.read_text(errors="replace") if keys else ""
    wanted = Wanted(name, tuple(scope or ()), tuple(works_for or ()), key_set=text, key_set_url=keys_url)
    try:
        with opened() as centre, centre.db.transaction() as tx:
            unknown = set(wanted.doctors) - set(directory.load(tx).doctors) - {EVERYONE}
            if unknown:
                fail(f"there is no doctor {sorted(unknown)[0]}")
            new = clients.register(tx, wanted, by=BY, now=centre.clock.now())
    except Refusal as refusal:
        fail(words().text(refusal.key))
    say(new.id)
    say(token_address(centre))


def _not_served(asked: list[str] | tuple[str, ...]) -> str:
    """The first scope that nothing here is served for; empty if there is none."""
    offered = served.acts_by_kind()
    for one in asked:
        given = by_kind([one])
        if not given or any(not acts <= set(offered.get(kind, ())) for kind, acts in given.items()):
            return one
    return ""


@cli.command("list")
def everyone() -> None:
    """Each program on a line: id, state, name, when it signed in last, for whom it works, what it may."""
    with opened() as centre, centre.db.reading() as tx:
        lines = [_line(client, granted.compartment(tx, client.id)) for client in clients.everyone(tx)]
    for line in lines:
        say(line)


def _line(client: Client, doctors: tuple[str, ...]) -> str:
    used = f"{client.used_at:%Y-%m-%dT%H:%M:%SZ}" if client.used_at else "never"
    state = "revoked" if client.revoked_at else "active"
    return "\t".join((client.id, state, client.name, used, ",".join(doctors) or "nobody", " ".join(client.scopes)))


@cli.command("revoke")
def revoke(client_id: str) -> None:
    """Shut a program out, with all its tokens."""
    try:
        with opened() as centre, centre.db.transaction() as tx:
            clients.revoke(tx, client_id, now=centre.clock.now())
    except Refusal as refusal:
        fail(words().text(refusal.key))
    say("revoked")


@cli.command("acts")
def acts(client_id: str, most: Annotated[int, typer.Option(min=1, max=100_000, help="so many at most")] = 1000) -> None:
    """What a program did last, the newest first: FHIR AuditEvents, one on a line."""
    with opened() as centre, centre.db.reading() as tx:
        found = people.acts_of(tx, client_id, limit=most)
        events = [act_event(act, server=centre.server, url=centre.url(Area.PROGRAMS) + "/fhir") for act in found]
    for event in events:
        say(orjson.dumps(event).decode())

"""``telemed roster …``: which keys the ends of a call trust, signed by the operator on a machine of his own.

``key``, ``sign`` and ``show FILE`` need neither database nor network; ``draft`` and ``publish`` are the centre's side.
"""

import json
import os
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from schemas.trust import Roster, RosterKey, SignedRoster
from telemed.commands import address, fail, opened, say
from telemed.identity import roster
from telemed.identity.model import RosterRefused
from telemed.kit.clock import real_now
from telemed.kit.i18n import words
from telemed.kit.ids import to_base64
from telemed.kit.machine import write_whole
from telemed.kit.settings import secret
from telemed.kit.trust import Distrusted, key_pictures, read_roster, sign_roster
from telemed.operator import service
from telemed.operator.model import Changes, changes
from telemed.operator.routes import Draft
from telemed.web import tickets

CLOCKS_DIFFER = timedelta(minutes=5)
"""A roster is good from this long before it was signed: other machines' clocks may be behind."""

cli = typer.Typer(no_args_is_help=True, help="The signed list of the keys that the ends of a call trust.")
Url = Annotated[str, typer.Option(help="a running centre; its bearer token in TELEMED_TOKEN")]


@cli.command("key")
def make_key(file: Path) -> None:
    """Make the operator's key in FILE, on a machine that the centre cannot reach; print its public half."""
    if file.exists():
        fail(f"{file} is there already, and a key is never overwritten")
    private = Ed25519PrivateKey.generate()
    write_whole(file, private.private_bytes_raw())
    public = public_of(private)
    say(public)
    say(f"pictures: {pictures(public)}")


@cli.command("draft")
def draft(url: Url = "") -> None:
    """Print what the centre knows and the operator is asked to sign, as JSON."""
    if url:
        say(_asked("GET", url, "/roster/draft").text)
        return
    with opened() as centre, centre.db.reading() as tx:
        say(Draft(keys=service.roster_draft(tx)).model_dump_json(indent=2))


@cli.command("sign")
def sign(
    file: Annotated[Path, typer.Argument(help="what `roster draft` printed")],
    key: Annotated[Path, typer.Option(help="the operator's key")],
    last: Annotated[Path | None, typer.Option(help="the roster that was signed before")] = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="how long it is good")] = 365,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Show what is new, gone or changed in FILE, ask, and print the signed roster."""
    private = Ed25519PrivateKey.from_private_bytes(secret(key)[:32])
    former = _read(last, public_of(private)) if last else None
    try:
        wanted = Draft.model_validate_json(_text(file)).keys
    except ValidationError:
        fail(f"{file} is no draft")
    for line in told(changes(former.keys if former else (), wanted)):
        print(line, file=sys.stderr)
    if not yes and not _confirmed():
        fail("nothing was signed")
    say(sign_roster(next_roster(wanted, former, now=real_now(), lasts=timedelta(days=days)), private).model_dump_json())


@cli.command("publish")
def publish(file: Path, url: Url = "") -> None:
    """Give the centre the signed roster in FILE; it refuses what the operator has not signed, and what is not newer."""
    signed = _signed(file)
    if url:
        _asked("POST", url, "/roster", signed)
        say("published")
        return
    with opened() as centre:
        try:
            with centre.db.transaction() as tx:
                read = roster.publish(tx, signed, centre.operator_keys, now=centre.clock.now())
        except RosterRefused:
            fail("it is not signed by the operator's key, or there is one with the same or a higher number")
    say(f"published: number {read.seq}, {len(read.keys)} keys")


@cli.command("show")
def show(file: Annotated[Path | None, typer.Argument()] = None, url: Url = "") -> None:
    """Print a roster for people: that in FILE, or the centre's."""
    if file is not None:
        signed: SignedRoster | None = _signed(file)
    elif url:
        signed = _parsed(_asked("GET", url, "/roster").text)
    else:
        with opened() as centre, centre.db.reading() as tx:
            signed = roster.signed_roster(tx)
    if signed is None:
        fail("there is no roster yet")
    try:
        read = read_roster(signed, [signed.signed_by])
    except Distrusted:
        fail("its signature is wrong")
    say(f"number {read.seq}, good from {read.issued_at:%Y-%m-%d %H:%M} UTC until {read.expires_at:%Y-%m-%d %H:%M} UTC")
    say(f"signed by {signed.signed_by} ({pictures(signed.signed_by)})")
    for each in read.keys:
        say(line_of(each))


def next_roster(keys: Iterable[RosterKey], former: Roster | None, *, now: datetime, lasts: timedelta) -> Roster:
    """The roster after *former*; *now* is real time."""
    return Roster(
        seq=former.seq + 1 if former else 1,
        issued_at=now - CLOCKS_DIFFER,
        expires_at=now + lasts,
        keys=tuple(keys),
    )


def public_of(private: Ed25519PrivateKey) -> str:
    return to_base64(private.public_key().public_bytes_raw())


def pictures(key: str) -> str:
    """Six words by which people compare a key: "Löwe, Schuh, Anker, …"."""
    return ", ".join(tickets.picture_name(each, words()) for each in key_pictures(key))


def line_of(entry: RosterKey) -> str:
    return f"{entry.role.value:7} {entry.name} ({entry.subject}): {pictures(entry.key)}, {entry.key}"


def told(what: Changes) -> list[str]:
    """Each change, in a line."""
    lines = [f"new      {line_of(each)}" for each in what.new]
    lines += [f"gone     {line_of(each)}" for each in what.gone]
    for before, after in what.changed:
        lines += [f"was      {line_of(before)}", f"becomes  {line_of(after)}"]
    return lines or ["no key is new, gone or changed; only the time is longer"]


def _confirmed() -> bool:
    try:
        return typer.confirm("Is each of these keys right, by its pictures?", err=True)
    except typer.Abort:
        return False


def _read(file: Path, operator: str) -> Roster:
    try:
        return read_roster(_signed(file), [operator])
    except Distrusted:
        fail(f"{file} was not signed by this key")


def _signed(file: Path) -> SignedRoster:
    return _parsed(_text(file), str(file))


def _parsed(text: str, name: str = "what the centre sent") -> SignedRoster:
    try:
        return SignedRoster.model_validate_json(text)
    except ValidationError:
        fail(f"{name} is no signed roster")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        fail(f"{file} cannot be read")


def _asked(method: str, url: str, path: str, body: SignedRoster | None = None) -> httpx.Response:
    token = os.environ.get("TELEMED_TOKEN", "")
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        answer = httpx.request(method, address(url).join(path), json=body and body.model_dump(), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"the centre does not answer: {type(error).__name__}")
    if answer.is_error:
        fail(f"the centre refused: {_why(answer)}")
    return answer


def _why(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"

"""The command ``telemed``: serve the centre, migrate, seed, import, look for a time, hand out the first keys."""

import asyncio
import json
import logging
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx
import typer
import uvicorn

from telemed import client_commands, migrations, roster_commands, wiring
from telemed.app import make_app
from telemed.commands import address, fail, opened, say
from telemed.desk import stream
from telemed.directory import service as directory
from telemed.identity import granted
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.doors import link_of
from telemed.identity.model import Actor, Role
from telemed.interop import service as interop
from telemed.kit import i18n, logs, pace
from telemed.kit.clock import real_now
from telemed.kit.db import AlreadyOpen, Database
from telemed.kit.settings import BadSetting
from telemed.kit.voice import Speechless, Voice
from telemed.link.routes import MAX_MESSAGE_BYTES
from telemed.privacy import service as privacy
from telemed.web.aloud import Aloud
from telemed.web.centre import Centre
from telemed.web.stream import Beside

cli = typer.Typer(add_completion=False, no_args_is_help=True, help="The centre of the telemedicine rooms.")

cli.add_typer(roster_commands.cli, name="roster")
cli.add_typer(client_commands.cli, name="client")

CODE_LASTS = timedelta(hours=12)


def main() -> None:
    """Run a command; what cannot be done is one line and exit 2."""
    logs.start("telemed", logging.WARNING)  # what a command prints may go into a file
    try:
        cli()
    except (BadSetting, AlreadyOpen) as error:
        fail(str(error))


@cli.command()
def serve() -> None:
    """Run the centre until it is stopped."""
    logs.start("telemed")
    settings = wiring.read_settings()
    tls = settings.tls
    with opened() as centre:
        pace.settle()
        uvicorn.run(
            Beside(make_app(centre), {stream.PATH: stream.STREAM}),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws_max_size=MAX_MESSAGE_BYTES,
            ssl_context_factory=(lambda *_: tls) if tls else None,
        )


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    settings = wiring.read_settings()
    wiring.make_secrets(settings.state_dir)
    db = Database(settings.url)
    migrations.upgrade(db)
    db.dispose()
    say("the database is up to date")


@cli.command()
def voices(languages: Annotated[list[str] | None, typer.Argument(help="All, if none is named.")] = None) -> None:
    """Render what pages read out to everybody, and write down which files a person may record instead."""
    settings = wiring.read_settings()
    known = i18n.of_pages()
    if wrong := set(languages or ()) - set(known):
        fail(f"no pages in {', '.join(sorted(wrong))}; there are {', '.join(known)}")
    aloud = Aloud(os.urandom(32), Voice(settings.state_dir / "voices", settings.state_dir / "speech"))
    try:
        recorded, path = aloud.prepare(languages or known)
    except Speechless:
        fail("there is no program that speaks; see ops/voice.md")
    say(f"{recorded} recorded, the others rendered; what there is stands in {path}")


@cli.command()
def prepare(folder: Path) -> None:
    """Seed FOLDER and hand out sign-in links, a bearer token and pairing codes, as JSON. For demo and tests."""
    settings = wiring.read_settings()
    wiring.make_secrets(settings.state_dir)
    db = Database(settings.url)
    migrations.upgrade(db)
    interop.seed(db, folder, now=real_now())
    centre = wiring.build(settings, db)
    say(json.dumps(_handed_out(centre), ensure_ascii=False))
    db.dispose()


def _handed_out(centre: Centre) -> dict[str, Any]:
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        known = directory.load(tx)
        people = [
            (Role.DOCTOR, [(one.id, one.name) for one in known.doctors.values()]),
            (Role.ASSISTANT, [(one.id, one.name) for one in known.assistants.values()]),
            (Role.OPERATOR, [("operator", known.quarter_name)]),
        ]
        staff = [
            {
                "role": role.value,
                "id": subject,
                "name": name,
                "url": link_of(centre, identity.invite(tx, Actor(role, subject), name=name, now=now)),
            }
            for role, subjects in people
            for subject, name in subjects
        ]
        rooms = [
            {
                "room_id": room.id,
                **{
                    kind: identity.new_pairing(tx, kind=kind, room_id=room.id, now=now, good_for=CODE_LASTS)
                    for kind in ("agent", "kiosk", "monitor")
                },
            }
            for room in known.rooms.values()
            if room.setting != "home"
        ]
        bearer = identity.give_bearer(tx, Actor(Role.CLIENT, "demo"), now=now)
        granted.work_for(tx, "demo", [EVERYONE])
    return {"staff": staff, "rooms": rooms, "bearer": bearer, "quarter": known.quarter_name}


@cli.command()
def invite(
    role: Annotated[str, typer.Argument(help="doctor, assistant or operator")],
    subject: Annotated[str, typer.Argument(help="the Practitioner's id; of an operator any word, one for each person")],
    name: Annotated[str, typer.Option(help="as others of the staff know her")] = "",
) -> None:
    """A one-time link for ROLE and SUBJECT, by which she makes her first passkey. So comes the first operator."""
    if role not in (Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR):
        fail("the role is doctor, assistant or operator")
    with opened() as centre, centre.db.transaction() as tx:
        token = identity.invite(tx, Actor(Role(role), subject), name=name, now=centre.clock.now())
    say(link_of(centre, token))


@cli.command()
def token(
    role: Annotated[str, typer.Argument(help="operator, or client for a program")],
    subject: Annotated[str, typer.Argument(help="who uses it, as it stands in the log of accesses")],
    days: Annotated[int, typer.Option(min=1, max=365, help="how long it is good")] = 30,
    works_for: Annotated[
        list[str] | None, typer.Option("--for", help="a client: the doctor whose appointments it sees; * for all")
    ] = None,
) -> None:
    """A bearer token for ROLE and SUBJECT, for TELEMED_TOKEN. It is printed this once; only its hash is kept.

    A client sees the appointments of the doctors that it works for, and those of nobody else: without --for none, or
    those for whom it worked before.
    """
    if role not in (Role.OPERATOR, Role.CLIENT):
        fail("the role is operator or client")
    if works_for and role != Role.CLIENT:
        fail("--for is for clients")
    with opened() as centre, centre.db.transaction() as tx:
        unknown = set(works_for or ()) - set(directory.load(tx).doctors) - {EVERYONE}
        if unknown:
            fail(f"there is no doctor {sorted(unknown)[0]}")
        if works_for:
            granted.work_for(tx, subject, works_for)
        given = identity.give_bearer(tx, Actor(Role(role), subject), now=centre.clock.now(), days=days)
    say(given)


@cli.command("import")
def take(
    files: Annotated[list[Path], typer.Argument(help="FHIR R4 JSON, XML or NDJSON")],
    url: Annotated[str, typer.Option(help="a running centre, as http://zentrum.localhost:8000")] = "",
) -> None:
    """Read FHIR resources in. A running centre is told by --url, with its bearer token in TELEMED_TOKEN."""
    missing = [path for path in files if not path.is_file()]
    if missing:
        fail(f"{missing[0]} is not a file")
    lines = _over_http(url, files) if url else _directly(files)
    for line in lines:
        say(line["text"])
    if any(line["refused"] for line in lines):
        sys.exit(2)


def _over_http(url: str, files: list[Path]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    centre = address(url)
    headers = {"Authorization": f"Bearer {os.environ.get('TELEMED_TOKEN', '')}"}
    for path in files:
        try:
            answer = httpx.post(
                centre.join("/import"), params={"file": path.name}, content=path.read_bytes(), headers=headers
            )
        except httpx.HTTPError as error:
            fail(f"the centre does not answer: {type(error).__name__}")
        if answer.status_code != 200:
            fail(f"the centre refused: HTTP {answer.status_code}")
        lines += answer.json()["outcomes"]
    return lines


def _directly(files: list[Path]) -> list[dict[str, Any]]:
    lines = []
    with opened() as centre:
        actor = Actor(Role.OPERATOR, "command line")
        for path in files:
            outcomes = interop.take_file(centre, path.name, path.read_bytes(), actor=actor, now=centre.clock.now())
            lines += [{"text": interop.line(outcome), "refused": outcome.refused} for outcome in outcomes]
    return lines


@cli.command()
def offers(
    service: Annotated[str, typer.Argument(help="what is wanted; without a match it says why")],
    doctor: Annotated[list[str] | None, typer.Option(help="any of these")] = None,
    room: Annotated[list[str] | None, typer.Option(help="any of these")] = None,
    device: Annotated[list[str] | None, typer.Option(help="a kind of device, on top of what is needed")] = None,
    earliest: Annotated[str, typer.Option("--from", help="a day, or day and time as 2027-01-12T09:00")] = "",
    latest: Annotated[str, typer.Option("--to", help="likewise")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    url: Annotated[str, typer.Option(help="a running centre, as http://zentrum.localhost:8000")] = "",
) -> None:
    """The next offers for SERVICE, one a line: when, with whom, where. If there is none, why."""
    zone = ZoneInfo(_asked("/api/services", {}, url)["zone"])
    moments = {"earliest": _moment(earliest, zone), "latest": _moment(latest, zone)}
    named = {"doctor": doctor or [], "room": room or [], "device": device or []}
    wish = {"service": service, **named, **{name: text for name, text in moments.items() if text}, "limit": limit}
    found = _asked("/api/offers", wish, url)
    for offer in found["offers"]:
        start = datetime.fromisoformat(offer["start"]).astimezone(zone)
        names = [found["names"].get(offer[one], offer[one]) for one in ("doctor", "room")]
        say("\t".join((f"{start:%Y-%m-%d %H:%M}", *names, offer["assistant"], *offer["devices"])).rstrip())
    if found["why"]:
        fail(f"{found['why']['detail']} {found['why']['advice']}")


def _moment(text: str, zone: ZoneInfo) -> str:
    """What was typed as wall time, with its zone."""
    try:
        typed = datetime.fromisoformat(text) if text else None
    except ValueError:
        fail("a day is written 2027-01-12, a moment 2027-01-12T09:00")
    return "" if typed is None else (typed if typed.tzinfo else typed.replace(tzinfo=zone)).isoformat()


def _asked(path: str, params: dict[str, Any], url: str) -> dict[str, Any]:
    """What the JSON API answers: that of a running centre, or, without one, that of this process."""
    try:
        answer = httpx.get(address(url).join(path), params=params) if url else asyncio.run(_in_process(path, params))
    except httpx.HTTPError as error:
        fail(f"the centre does not answer: {type(error).__name__}")
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        faults = (f"{one['path'].removeprefix('query.')}: {one['reason']}" for one in told.get("errors", []))
        fail(" ".join((told["detail"], *faults)))
    return told


async def _in_process(path: str, params: dict[str, Any]) -> httpx.Response:
    with opened() as centre:
        transport = httpx.ASGITransport(make_app(centre))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, params=params)


@cli.command()
def register() -> None:
    """Print the data register: every column, what for, how long, who sees it."""
    for row in privacy.register_rows():
        say("\t".join((row.table, row.column, row.purpose, row.retention, row.seen_by)))


if __name__ == "__main__":
    main()

"""Commands for a person who sets up or mends a room: discover, pair, doctor."""

import asyncio
import logging
from typing import Annotated, NoReturn

import httpx
import typer
from pydantic import ValidationError

from room_agent import discover, doctor, hardware
from room_agent.devices.config import BluetoothDevice, Label, as_toml
from room_agent.devices.pairing import Known, PairingFailed, pair
from room_agent.devices.scanner import Person, RadioGone
from telemed.kit import logs
from telemed.kit.i18n import words

Adapter = Annotated[str, typer.Option(help="Like hci0; empty for the first.")]
Host = Annotated[str, typer.Option(envvar="TELEMED_ROOM_HOST", help="Where the agent listens.")]
Port = Annotated[int, typer.Option(envvar="TELEMED_ROOM_PORT", help="Where the agent listens.")]
ASK_S = 15.0
_EVERYWHERE = ("0.0.0.0", "::", "")


def install(commands: typer.Typer) -> None:
    """Put these commands beside ``serve``."""
    for command in (find, make_known, examine):
        commands.command(_NAMES[command.__name__])(command)


_NAMES = {"find": "discover", "make_known": "pair", "examine": "doctor"}


def find(seconds: Annotated[float, typer.Option(help="How long to listen.")] = 10.0, adapter: Adapter = "") -> None:
    """Find Bluetooth devices, cameras and microphones; print a file of devices that can be edited."""
    logs.start("room-agent", logging.ERROR)
    found = [*discover.cameras(), *discover.sound()]
    try:
        found += asyncio.run(_bluetooth(seconds, adapter))
    except RadioGone:
        typer.echo(words().text("doctor.no-radio"), err=True)
    typer.echo(discover.as_file(found))


async def _bluetooth(seconds: float, adapter: str) -> tuple[discover.Candidate, ...]:
    async with hardware.bluez_radio(adapter) as radio:
        return await discover.bluetooth(radio.scanner, seconds)


def make_known(
    address: Annotated[str, typer.Argument(help="Like AA:BB:CC:DD:EE:FF, as discover printed it.")],
    passkey: Annotated[bool, typer.Option(help="The device shows six digits.")] = False,
    adapter: Adapter = "",
    host: Host = "127.0.0.1",
    port: Port = 8200,
) -> None:
    """Pair a Bluetooth device and prove it with a reading; the agent must not run meanwhile."""
    logs.start("room-agent", logging.ERROR)
    if _ask(host, port) is not None:
        _give_up("pair.agent-runs")
    typer.echo(words().text("pair.begin"))
    try:
        known = asyncio.run(_pair(address, adapter, Typing() if passkey else None))
    except PairingFailed as failed:
        _give_up(f"pair.failed.{failed.why.value}")
    typer.echo(words().text("pair.again-known" if known.replaced else "pair.known"))
    typer.echo(as_toml(_entry(known)))


async def _pair(address: str, adapter: str, person: Person | None) -> Known:
    async with hardware.bluez_radio(adapter) as radio:
        return await pair(radio, address, person=person, told=lambda: typer.echo(words().text("pair.again")))


def _entry(known: Known) -> BluetoothDevice:
    kind, identity = known.profile.kind, known.found.identity
    address = known.advert.device.address.upper()
    label = Label(name=known.advert.name[:80])
    return BluetoothDevice(f"{kind.value}-1", kind, address, serial=identity.serial, label=label)


class Typing(Person):
    """Whoever sits at the keyboard."""

    async def passkey(self) -> int | None:
        text = await asyncio.to_thread(typer.prompt, words().text("pair.passkey"), default="", show_default=False)
        return int(text) if text.isdecimal() else None

    async def sees(self, number: int) -> bool:
        return await asyncio.to_thread(typer.confirm, words().text("pair.same", number=f"{number:06}"))


def examine(host: Host = "127.0.0.1", port: Port = 8200) -> None:
    """Ask the running agent about each check and device. Exit 1: a visit is not possible; 2: no agent runs."""
    found = _ask(host, port)
    if found is None:
        _give_up("doctor.no-agent")
    for line in doctor.lines(found, words()):
        typer.echo(line)
    if not doctor.is_fit(found):
        raise typer.Exit(1)


def _ask(host: str, port: int) -> doctor.Condition | None:
    """None: no agent answers here."""
    name = "127.0.0.1" if host in _EVERYWHERE else host
    try:
        answer = httpx.get(f"http://{name}:{port}/doctor", timeout=ASK_S, trust_env=False)
        return doctor.Condition.model_validate_json(answer.raise_for_status().content)
    except (httpx.HTTPError, ValidationError):
        return None


def _give_up(key: str) -> NoReturn:
    typer.echo(words().text(key), err=True)
    raise typer.Exit(2)

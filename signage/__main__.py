"""``signage``: shows the room's board on a monitor."""

import os
import signal
import threading
from typing import Annotated

import typer
import uvicorn

from signage import alive, speech
from signage import settings as setting
from signage.app import create_app
from signage.settings import PREFIX, Settings
from signage.wiring import build
from telemed.kit import logs
from telemed.kit.settings import BadSetting, read
from telemed.kit.voice import Speechless

commands = typer.Typer(add_completion=False, help="The waiting room's monitor.")


@commands.callback()
def about() -> None:
    """The waiting room's monitor."""


@commands.command()
def serve() -> None:
    """Serve the monitor's page; settings come from TELEMED_SIGNAGE_… variables."""
    try:
        settings = _settings()
        monitor = build(settings)
    except BadSetting as bad:
        typer.echo(bad, err=True)
        raise typer.Exit(2) from None
    logs.start("signage")
    app = create_app(monitor)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )


@commands.command()
def watch(
    command: Annotated[list[str], typer.Argument(help="The browser and its arguments, after --.")],
    times: Annotated[int, typer.Option(help="Give up after so many starts in a row in vain.")] = 5,
) -> None:
    """Start a browser that shows the monitor, and start it anew when its page is frozen, black or gone."""
    try:
        settings = _settings()
    except BadSetting as bad:
        typer.echo(bad, err=True)
        raise typer.Exit(2) from None
    logs.start("signage")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    alive.watch(command, f"http://127.0.0.1:{settings.port}", stop, times=times)
    raise typer.Exit(0 if stop.is_set() else 1)


@commands.command()
def voices(
    room: Annotated[list[str], typer.Argument(help="The names of the rooms, as they stand on the monitor.")],
) -> None:
    """Render all that can be spoken, and write down which files a person may record instead."""
    try:
        settings = _settings()
    except BadSetting as bad:
        typer.echo(bad, err=True)
        raise typer.Exit(2) from None
    logs.start("signage")
    pieces = tuple(speech.every(room))
    try:
        count, path = setting.voice(settings).prepare(pieces)
    except Speechless:
        typer.echo("espeak-ng is not there, and not everything is recorded", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{count} of {len(pieces)} are recorded; the list: {path}")


def _settings() -> Settings:
    return read(Settings, os.environ, prefix=PREFIX)


def main() -> None:
    commands()


if __name__ == "__main__":
    main()

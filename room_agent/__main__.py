"""``room-agent``: the room's own machine."""

import os
from contextlib import suppress
from socket import socket as Socket

import typer
import uvicorn

from room_agent import notify, sealing, technician
from room_agent.app import create_app
from room_agent.sealing import SealBroken
from room_agent.settings import PREFIX, Settings
from room_agent.wiring import running
from telemed.kit import logs
from telemed.kit.settings import BadSetting, read

commands = typer.Typer(add_completion=False, help="The telemedicine room's own machine.")


class Announced(uvicorn.Server):
    """Says when kiosk and monitors can come, and when it goes."""

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        await super().startup(sockets)
        notify.tell("READY=1")

    async def shutdown(self, sockets: list[Socket] | None = None) -> None:
        notify.tell("STOPPING=1")
        await super().shutdown(sockets)


@commands.callback()
def about() -> None:
    """The telemedicine room's own machine."""


@commands.command()
def serve() -> None:
    """Serve kiosk and monitors, and hold the line to the centre; settings come from TELEMED_ROOM_… variables."""
    try:
        settings = read(Settings, os.environ, prefix=PREFIX)
        seal = sealing.of_machine(settings.state_dir)
    except (BadSetting, SealBroken) as bad:
        typer.echo(bad, err=True)
        raise typer.Exit(2) from None
    logs.start("room-agent")
    app = create_app(lambda: running(settings, seal))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        ws_max_size=1 << 17,
    )
    server = Announced(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise typer.Exit(3)


technician.install(commands)


def main() -> None:
    commands()


if __name__ == "__main__":
    main()

"""``signage``: shows the room's board on a monitor."""

import os

import typer
import uvicorn

from signage.app import create_app
from signage.settings import PREFIX, Settings
from signage.wiring import build
from telemed.kit import logs
from telemed.kit.settings import BadSetting, read

commands = typer.Typer(add_completion=False, help="The waiting room's monitor.")


@commands.callback()
def about() -> None:
    """The waiting room's monitor."""


@commands.command()
def serve() -> None:
    """Serve the monitor's page; settings come from TELEMED_SIGNAGE_… variables."""
    try:
        settings = read(Settings, os.environ, prefix=PREFIX)
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


def main() -> None:
    commands()


if __name__ == "__main__":
    main()

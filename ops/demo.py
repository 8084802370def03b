"""``make demo``: the whole product on one machine, with simulated devices. Ctrl-C ends everything it started."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops import mail_tray, relay
from ops.programs import PORTS, ROOT, NotStarted, Programs, free_port

STATE = Path(os.environ.get("DEMO_STATE", ROOT / ".demo"))
TRAY_PORT = 8600
LINE = "telemeddemo0"
"""A network of its own for a machine that has none: browsers find no path to each other on loopback alone."""


def main() -> int:
    if os.environ.get("FRESH") == "1":
        shutil.rmtree(STATE, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
    try:
        faults = {name: text for name, text in os.environ.items() if name.startswith("TELEMED_ROOM_SIMULATED_")}
        with network(), own_relay(STATE) as relayed, mail_tray.running(free_port(TRAY_PORT)) as tray:
            told = told_by(tray, STATE)
            with Programs(STATE, extra={**faults, **relayed, **told}) as programs:
                programs.prepare()
                programs.start_all()
                print(table(programs, bool(relayed), tray.url), flush=True)
                return watch(programs)
    except NotStarted as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndemo: ended")
        return 0


def table(programs: Programs, is_relayed: bool, tray: str) -> str:
    """Who you are, and where to go."""
    rows = [("Who you are", "Address"), ("-----------", "-------")]
    rows.append(("Resident (Frau Sommer)", programs.url("telemed") + "/"))
    for one in programs.keys["staff"]:
        rows.append((f"{one['role'].capitalize()}: {one['name']}", one["url"]))
    codes = programs.keys["rooms"][0]
    rows.append(("Kiosk in the room", f"{programs.url('room-agent')}/kiosk#{codes['kiosk']}"))
    rows.append(("Faults, provoked by hand", f"{programs.url('room-agent')}/faults"))
    rows.append(("Waiting-room monitor", programs.url("signage") + "/"))
    rows.append(("Mails and text messages", f"{tray} (simulated: they stay on this machine)"))
    rows.append(("FHIR (bearer token below)", programs.url("telemed") + "/fhir/metadata"))
    width = max(len(who) for who, _ in rows)
    lines = [f"{who.ljust(width)}  {where}" for who, where in rows]
    taken = [
        f"Port {PORTS[name]} is taken, so {name} uses {port}."
        for name, port in programs.ports.items()
        if port != PORTS[name]
    ]
    return "\n".join(
        [
            "",
            *taken,
            *lines,
            "",
            f"Bearer token: {programs.keys['bearer']}",
            "Open each person in a browser window (or profile) of its own; a sign-in link works once.",
            "An operator of the exercise signs each new key by itself; in earnest a person does, on another machine.",
            ""
            if is_relayed
            else "Without a relay, as Debian's package coturn is missing: all ends must reach each other.",
            f"Logs: {programs.state}/log/   Devices are simulated.   Ctrl-C ends everything.",
        ]
    )


def watch(programs: Programs) -> int:
    """Wait for Ctrl-C; say so if a program ends by itself."""
    while True:
        name = programs.ended()
        if name is not None:
            print(f"demo: {name} ended by itself; its log is {programs.log(name)}", file=sys.stderr)
            return 1
        time.sleep(0.5)


@contextmanager
def network() -> Iterator[None]:
    """On a machine without any network but loopback: a pair of virtual cables, taken away at the end."""
    if has_network():
        yield
        return
    if not Path("/sbin/ip").exists() or (os.geteuid() and not shutil.which("sudo")):
        raise NotStarted("this machine has no network, and only root may make one for the call; try with sudo")
    end = LINE[:-1] + "1"
    for command in (
        ["link", "add", LINE, "type", "veth", "peer", "name", end],
        ["addr", "add", "10.99.0.1/24", "dev", LINE],
        ["link", "set", LINE, "up"],
        ["link", "set", end, "up"],
    ):
        ip(*command)
    try:
        yield
    finally:
        ip("link", "del", LINE)


def has_network() -> bool:
    return bool(addresses())


def addresses() -> list[str]:
    """This machine's IPv4 addresses that are not loopback."""
    shown = subprocess.run(["/sbin/ip", "-4", "-o", "addr", "show", "up"], capture_output=True, text=True, check=False)
    return [
        found[1]
        for line in shown.stdout.splitlines()
        if " lo " not in line and (found := re.search(r"inet (\S+)/", line))
    ]


def told_by(tray: mail_tray.Tray, state: Path) -> dict[str, str]:
    """The settings with which the centre's notices come into the tray."""
    token = (state / "sms_token").resolve()
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch(mode=0o600)
    token.write_text("exercise")
    return {
        "TELEMED_CENTRE_SMTP_HOST": "127.0.0.1",
        "TELEMED_CENTRE_SMTP_PORT": str(tray.smtp_port),
        "TELEMED_CENTRE_SMTP_SECURITY": "none",
        "TELEMED_CENTRE_SMTP_FROM": "termine@demo.example",
        "TELEMED_CENTRE_SMS_URL": tray.url,
        "TELEMED_CENTRE_SMS_TOKEN": str(token),
    }


@contextmanager
def own_relay(state: Path) -> Iterator[dict[str, str]]:
    """A relay of the demo's own, where coturn is installed: the settings that the centre needs, or none."""
    if not Path(relay.TURNSERVER).exists() or not addresses():
        yield {}
        return
    folder, address = (state / "relay").resolve(), addresses()[0]
    folder.mkdir(parents=True, exist_ok=True)
    secret = relay.new_secret(folder / "relay_secret")
    certificate, key = relay.self_signed(folder, address)
    port, tls_port = relay.free_ports(address)
    made = relay.Relay(
        "exercise",
        secret,
        certificate,
        key,
        folder,
        port,
        tls_port,
        addresses=(address,),
        rooms=(f"{address}/32",),
    )
    with relay.running(made):
        yield {
            "TELEMED_CENTRE_RELAY_URLS": ",".join(relay.urls(made, address, tls=False)),
            "TELEMED_CENTRE_RELAY_SECRET": str(folder / "relay_secret"),
        }


def ip(*command: str) -> None:
    rights = [] if os.geteuid() == 0 else ["sudo"]
    done = subprocess.run([*rights, "/sbin/ip", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotStarted(f"the demo's own network cannot be made: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())

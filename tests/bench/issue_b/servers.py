"""Centres as real processes on one database, and a client that speaks HTTP/1.1 to them without ado."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from ops.programs import ROOT, free_port, wait_until_heard
from telemed.booking.planner import Offer
from tests.builders import crowd


@dataclass(frozen=True)
class Centres:
    """*ports* of centres that share a database; *bearer* of a client who may import."""

    ports: tuple[int, ...]
    bearer: str


@contextmanager
def serving(folder: Path, url: str, *, processes: int = 1, rooms: int = 40) -> Iterator[Centres]:
    """Centres with the crowd's directory, on the exercise clock."""
    seed = folder / "seed"
    seed.mkdir()
    (seed / "crowd.ndjson").write_text("\n".join(json.dumps(resource) for resource in crowd(rooms)))
    ports = tuple(free_port(0) for _ in range(processes))
    handed_out = json.loads(_command(folder, url, ports[0], "prepare", str(seed)).splitlines()[-1])
    running = [_start(folder, url, port) for port in ports]
    try:
        for port, process in zip(ports, running, strict=True):
            wait_until_heard(port, process, "telemed", folder / f"{port}.log")
        yield Centres(ports, handed_out["bearer"])
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(20)


def _environment(folder: Path, url: str, port: int) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELEMED_")}
    return {
        **kept,
        "TELEMED_CENTRE_STATE_DIR": str(folder / "state"),
        "TELEMED_CENTRE_DATABASE_URL": url,
        "TELEMED_CENTRE_PORT": str(port),
        "TELEMED_CENTRE_EXERCISE": "1",
        "TELEMED_CENTRE_BOOKINGS_PER_ADDRESS": "1000000",
        "TELEMED_CENTRE_BOOKINGS_PER_CONTACT": "1000000",
    }


def _command(folder: Path, url: str, port: int, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "telemed", *words],
        env=_environment(folder, url, port),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _start(folder: Path, url: str, port: int) -> "subprocess.Popen[bytes]":
    with (folder / f"{port}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "telemed", "serve"],
            env=_environment(folder, url, port),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


class Http:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        return int(head.split(" ")[1]), await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


def offer_json(offer: Offer) -> dict[str, Any]:
    """An offer as the JSON API writes it."""
    moments = {"start": offer.start.astimezone(UTC).isoformat(), "end": offer.end.astimezone(UTC).isoformat()}
    ids = {"service": offer.service_id, "doctor": offer.doctor_id, "room": offer.room_id}
    more = {"assistant": offer.assistant_id, "devices": list(offer.device_ids), "interpreter": offer.interpreter_id}
    return {**ids, **more, **moments}


def booking_body(offer: Offer) -> bytes:
    """What POST /api/bookings takes."""
    person = {"name": "Hannelore Sommer", "birth_year": 1948, "way": "paper"}
    return json.dumps({"offer": offer_json(offer), "person": person}).encode()


def appointment_body(offer: Offer, resource_id: str) -> bytes:
    """The same as a FHIR Appointment of another system."""
    actors = [f"Practitioner/{offer.doctor_id}", f"Practitioner/{offer.assistant_id}", f"Location/{offer.room_id}"]
    actors += [f"Device/{one}" for one in offer.device_ids]
    people = [{"actor": {"reference": one}, "required": "required", "status": "accepted"} for one in actors]
    patient = {"actor": {"reference": "Patient/foreign", "display": "Karl Winter"}, "status": "accepted"}
    return json.dumps(
        {
            "resourceType": "Appointment",
            "id": resource_id,
            "status": "booked",
            "serviceType": [{"text": offer.service_id}],
            "start": offer.start.isoformat(),
            "end": offer.end.isoformat(),
            "minutesDuration": 30,
            "participant": [patient, *people],
        }
    ).encode()

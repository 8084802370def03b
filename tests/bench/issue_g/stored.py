"""A centre as a real process with many appointments stored: sealed, each with a person of its own."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy import insert

from ops.programs import NAMES, Programs, free_port
from schemas.day import LETTERS, PICTURES, Ticket
from telemed.booking import claims as claims_store
from telemed.booking import fhir, planner
from telemed.booking.model import Booking, Status
from telemed.booking.planner import Offer
from telemed.booking.store import bookings
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.kit.clock import real_now
from telemed.kit.db import Database, Tx
from telemed.kit.ids import new_id
from telemed.kit.secrets import Secrets
from telemed.people import model as people_model
from telemed.people import store as people_store
from telemed.wiring import read_secrets
from tests.bench.harness import OUT, note
from tests.builders import CROWDED, crowd

ROOMS = 40
SEED = 20_261_126
AHEAD = 0.3
"""Of the time that may be booked, this share is taken."""
LENGTH = timedelta(minutes=30)
STEP = timedelta(minutes=40)
"""So the cleaning after each visit has its time."""


@dataclass(frozen=True)
class Stored:
    """A running centre. *ids*: of some of its appointments; *schedules*: those of its doctors."""

    port: int
    bearer: str
    ids: tuple[str, ...]
    schedules: tuple[str, ...]
    now: datetime
    pid: int

    def cpu_s(self) -> float:
        """CPU time that the centre's process has used so far, of all its threads (proc(5), stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def centre(count: int) -> Iterator[Stored]:
    """A centre in which *count* appointments are kept."""
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="telemed-bench-", dir=OUT) as name:
        folder = Path(name)
        seed = folder / "seed"
        seed.mkdir()
        (seed / "crowd.ndjson").write_text("\n".join(json.dumps(one) for one in crowd(ROOMS)))
        ports = {program: free_port(0) for program in NAMES}
        with Programs(
            folder,
            seed=seed,
            ports=ports,
            extra={"TELEMED_CENTRE_EXERCISE": "0", "TELEMED_CENTRE_REQUESTS_PER_SECOND": "0"},
        ) as programs:
            programs.prepare()
            state = programs.state / "centre"
            db = Database(f"sqlite:///{state / 'centre.sqlite'}")
            with db.transaction() as tx:
                known = directory.load(tx)
                ids = _fill(tx, read_secrets(state), known, count, now=real_now())
            db.dispose()
            note(f"{len(ids)} appointments kept")
            programs.start("telemed")
            schedules = tuple(f"calendar-doctor-{number}" for number in range(1, ROOMS + 1))
            yield Stored(ports["telemed"], programs.keys["bearer"], ids, schedules, real_now(), programs.pid("telemed"))


def _fill(tx: Tx, secrets: Secrets, known: Directory, count: int, *, now: datetime) -> tuple[str, ...]:
    """Some in the weeks ahead, with their claims; all others in the years behind."""
    rng = random.Random(SEED)
    ahead = [one for one in _times(known, now + timedelta(days=1), now + planner.HORIZON) if rng.random() < AHEAD]
    behind = _times(known, now - timedelta(days=3650), now - timedelta(days=1))
    offers = ahead[:count]
    offers += [one for one, _ in zip(behind, range(count - len(offers)), strict=False)]
    made = [_made(secrets, known, offer, number, now) for number, offer in enumerate(offers)]
    for table, rows in (
        (people_store.persons, [one[0] for one in made]),
        (people_store.keys, [one[1] for one in made]),
        (bookings, [one[2] for one in made]),
    ):
        for at in range(0, len(rows), 2_000):
            tx.execute(insert(table), rows[at : at + 2_000])
    taken = [
        {"resource_id": one, "tick": tick, "booking_id": row[2]["id"]}
        for row, offer in zip(made, ahead, strict=False)
        for one, tick in planner.claims(offer, known)
    ]
    for at in range(0, len(taken), 5_000):
        tx.execute(insert(claims_store.claims), taken[at : at + 5_000])
    return tuple(str(row[2]["id"]) for row in made)


def _times(known: Directory, first: datetime, last: datetime) -> Iterator[Offer]:
    """In each room one visit after the other, on working days from nine on, the rooms by turns."""
    day = first.astimezone(known.zone).replace(hour=9, minute=0, second=0, microsecond=0)
    while day < last:
        if day.weekday() < 5:
            for number in range(1, ROOMS + 1):
                for step in range(12):
                    start = day + step * STEP
                    people = f"doctor-{number}", f"room-{number}", f"assistant-{number}"
                    devices = (f"cuff-{number}", f"oximeter-{number}")
                    yield Offer(f"{CROWDED}-{number}", start, start + LENGTH, *people, devices)
        day += timedelta(days=1)


Row = dict[str, object]


def _made(secrets: Secrets, known: Directory, offer: Offer, number: int, now: datetime) -> tuple[Row, Row, Row]:
    booking_id, person_id, key = new_id(), new_id(), people_model.new_key()
    ticket = Ticket(picture=PICTURES[number % len(PICTURES)], letter=LETTERS[0], digits="22")
    booking = Booking(booking_id, person_id, offer, Status.BOOKED, ticket, False, 1, now)
    data = fhir.appointment(booking, known, created=now, name=f"Person {number}")
    person: Row = {"id": person_id, "details": b"", "contact_hash": None, "created_at": now}
    wrapped = people_model.seal(secrets.key_of_keys, key, f"people_key|wrapped|{person_id}")
    sealed = people_model.seal(key, data, f"booking|appointment|{booking_id}")
    row: Row = {
        **{name: getattr(offer, name) for name in ("service_id", "start", "end", "doctor_id", "room_id")},
        **{"id": booking_id, "person_id": person_id, "assistant_id": offer.assistant_id},
        **{"device_ids": orjson.dumps(offer.device_ids).decode(), "interpreter_id": "", "status": "booked"},
        **{"extras": "", "quiet": 0, "day": f"{number}", "picture": ticket.picture, "letter": ticket.letter},
        **{"digits": ticket.digits, "appointment": sealed, "version": 1, "updated_at": now},
    }
    return person, {"person_id": person_id, "wrapped": wrapped}, row

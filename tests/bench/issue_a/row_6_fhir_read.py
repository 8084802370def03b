"""One FHIR Appointment through HTTP: signed in, unsealed, its audit line on disk before the answer."""

import json
import re
import statistics
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from ops.programs import NAMES, Programs, free_port
from tests.bench.harness import Figure, note
from tests.bench.load import Request, per_second

ROUNDS = 5
SECONDS = 2.0
TARGET = 0.4


def book(base: str) -> None:
    """One booking through the resident's pages, as a form without a script."""
    with httpx.Client(base_url=base, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True) as client:
        what = client.get("/termin").text
        service = re.findall(r'name="service" value="([^"]+)"', what)[0]
        when = client.get("/termin/zeit", params={"service": service}).text
        offer = re.findall(r'name="offer" value="([^"]+)"', when)[0]
        answers = {
            "service": service,
            "offer": offer,
            "name": "Bench",
            "birth_year": "1950",
            "way": "paper",
        }
        check = client.post("/termin/pruefen", data=answers).text
        request_id = re.findall(r'name="request_id" value="([^"]+)"', check)[0]
        client.post("/termin/buchen", data={**answers, "request_id": request_id}).raise_for_status()


def measure() -> Figure:
    with TemporaryDirectory(prefix="telemed-bench-") as folder:
        programs = Programs(Path(folder), ports={name: free_port(0) for name in NAMES})
        with programs:
            programs.prepare()
            programs.start("telemed")
            return _measured(programs)


def _measured(programs: Programs) -> Figure:
    port, bearer = programs.ports["telemed"], f"Authorization: Bearer {programs.keys['bearer']}"
    book(f"http://127.0.0.1:{port}")
    found = urllib.request.Request(
        f"http://127.0.0.1:{port}/fhir/Appointment", headers={"Authorization": bearer.partition(": ")[2]}
    )
    with urllib.request.urlopen(found) as answer:
        appointment = json.load(answer)["entry"][0]["resource"]["id"]
    trivial, read = Request(port, "/health"), Request(port, f"/fhir/Appointment/{appointment}", (bearer,))
    per_second(trivial, seconds=0.5)
    per_second(read, seconds=0.5)
    pairs = [(per_second(trivial, seconds=SECONDS), per_second(read, seconds=SECONDS)) for _ in range(ROUNDS)]
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    note("rounds (trivial, read): " + ", ".join(f"{one:.0f}, {two:.0f}" for one, two in pairs))
    return Figure(
        issue="A",
        row=6,
        name="FHIR Appointment read through HTTP, 32 clients",
        value=round(value),
        unit="requests/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {TARGET}",
        ok=value / base >= TARGET,
    )

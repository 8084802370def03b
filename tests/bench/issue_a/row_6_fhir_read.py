"""One FHIR Appointment through HTTP: signed in, unsealed, its audit line on disk before the answer."""

import json
import re
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from ops.programs import NAMES, Programs, free_port
from tests.bench.audited_read import measured
from tests.bench.harness import Figure


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
        no_pace = {"TELEMED_CENTRE_REQUESTS_PER_SECOND": "0"}
        programs = Programs(Path(folder), ports={name: free_port(0) for name in NAMES}, extra=no_pace)
        with programs:
            programs.prepare()
            programs.start("telemed")
            return _measured(programs)


def _measured(programs: Programs) -> Figure:
    port, bearer = programs.ports["telemed"], programs.keys["bearer"]
    book(f"http://127.0.0.1:{port}")
    found = urllib.request.Request(
        f"http://127.0.0.1:{port}/fhir/Appointment", headers={"Authorization": f"Bearer {bearer}"}
    )
    with urllib.request.urlopen(found) as answer:
        appointment = json.load(answer)["entry"][0]["resource"]["id"]
    return measured(port, bearer, appointment, issue="A", row=6)

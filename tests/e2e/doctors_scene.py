"""The doctor's page of a call without the call: the centre's real page and modules, and values as a room sends them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from playwright.sync_api import Browser, Page

from room_agent.devices.driver import Component, Measurement
from room_agent.devices.observation import observations
from schemas import exact
from schemas.day import FactKind
from schemas.measurement import MeasurementKind
from telemed.desk.practice import PracticeServers, parse
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.kit.clock import real_now
from tests.desk.world import World, running

MODULES = """
import { Cameras } from './cameras.js';
import { Frozen } from './frozen.js';
import { Handover } from './handover.js';
import { Instruments } from './instruments.js';
import { Panel } from './panel.js';
import { Shortcuts } from './shortcuts.js';
import { Stage } from './stage.js';
import { Stills } from './stills.js';
import { Vitals } from './vitals.js';
const visitId = document.getElementById('visit').dataset.visitId;
const told = [], tell = (message) => told.push(message);
const answer = (vital_id, belongs) =>
  vitals.confirmed({ type: 'confirmed', vital_id, belongs, by: 'doctor', at: new Date().toISOString() });
const vitals = new Vitals(visitId, answer), stage = new Stage(), handover = new Handover(vitals, visitId);
const frozen = new Frozen((picture) => handover.pictures.keep(picture));
const stills = new Stills(tell, handover.pictures);
const cameras = new Cameras(tell, (camera, name) => stills.take(camera, name)), instruments = new Instruments(tell);
new Shortcuts();
new Panel();
document.getElementById('before').hidden = true;
document.getElementById('call').hidden = false;
window.scene = { visitId, told, vitals, stage, handover, frozen, stills, cameras, instruments };
document.body.dataset.scene = 'ready';
"""
"""Instead of visit.js: everything but the connections."""

PAINTED = """(id) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const paper = canvas.getContext('2d');
  let shade = 0;
  const paint = () => {
    paper.fillStyle = `rgb(40 ${80 + (shade++ % 40)} 120)`;
    paper.fillRect(0, 0, 640, 360);
    requestAnimationFrame(paint);
  };
  paint();
  const stream = canvas.captureStream(15);
  if (id === 'patient-video') scene.stage.showPatient(stream);
  else scene.stage.showExam(stream, 0);
}"""
"""A moving picture, as of a camera."""

CUFF = (("8480-6", 150021, "mm[Hg]"), ("8462-4", 150022, "mm[Hg]"), ("8867-4", 149546, "/min"))
KINDS: dict[MeasurementKind, tuple[tuple[str, int, str], ...]] = {
    MeasurementKind.BLOOD_PRESSURE: CUFF,
    MeasurementKind.THERMOMETER: (("8310-5", 150364, "Cel"),),
    MeasurementKind.WEIGHT: (("29463-7", 188736, "kg"),),
    MeasurementKind.GLUCOSE: (("2339-0", 160184, "mg/dL"),),
    MeasurementKind.OXIMETER: (("2708-6", 150456, "%"),),
}


@dataclass
class DoctorsPage:
    page: Page
    visit_id: str
    count: int = 0

    def measured(self, kind: MeasurementKind, *numbers: str, ago_s: float = 0, unit: str = "") -> list[str]:
        """What a room sends when *kind* was measured, *ago_s* seconds ago; the values' ids."""
        self.count += 1
        moment = real_now() - timedelta(seconds=ago_s)
        parts = tuple(
            Component(mdc, (loinc,), Decimal(number), unit or ucum)
            for (loinc, mdc, ucum), number in zip(KINDS[kind], numbers, strict=True)
        )
        measurement = Measurement("geraet-1", kind, parts, bytes([self.count]), None, moment, moment, moment)
        made = observations(measurement, visit_id=self.visit_id, device_id="geraet-1", now=moment)
        ids = [f"v-{self.count}-{number}" for number in range(len(made))]
        for vital_id, observation in zip(ids, made, strict=True):
            assert self.page.evaluate(
                "(text) => scene.vitals.hear(text)", self._vital(kind, vital_id, observation, moment)
            )
        return ids

    def _vital(self, kind: MeasurementKind, vital_id: str, observation: dict[str, Any], moment: Any) -> str:
        told = {"type": "vital", "vital_id": vital_id, "visit_id": self.visit_id, "kind": kind.value, "live": True}
        told |= {"simulated": True, "sent_at": moment.isoformat(), "device_name": "Messgerät"}
        return exact.dumps({**told, "observation": observation})

    @property
    def unsaved(self) -> bool:
        return bool(self.page.evaluate("scene.handover.unsaved"))

    def look(self, what: str) -> Any:
        return self.page.evaluate(what)


@contextmanager
def doctors_page(world: World, browser: Browser) -> Iterator[Callable[[str], DoctorsPage]]:
    """The page of the first visit, whose person was called; opened anew with the address of the practice's server."""
    visit_id = world.visits[0]
    world.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="de-DE", reduced_motion="reduce")
    with running(world) as address:
        here = f"http://zentrum.localhost:{address.rpartition(':')[2]}"
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=here)
        page = context.new_page()
        page.route(
            "**/static/desk/js/visit.js", lambda route: route.fulfill(body=MODULES, content_type="text/javascript")
        )
        with world.centre.db.transaction() as tx:
            token = identity.invite(tx, Actor(Role.DOCTOR, world.doctor), now=world.now)
        page.goto(f"{here}/anmelden/{token}")
        page.locator("main form button").click()
        page.wait_for_url("**/arzt")

        def opened(practice: str) -> DoctorsPage:
            world.centre.live[PracticeServers] = parse(practice)
            page.set_viewport_size({"width": 1366, "height": 768})
            page.evaluate("localStorage.clear()")
            page.goto(f"{here}/arzt/besuch/{visit_id}")
            page.locator("body[data-scene=ready]").wait_for()
            return DoctorsPage(page, visit_id)

        yield opened
        context.close()


def downloaded(page: Page, button: str = "#download") -> tuple[str, dict[str, Any]]:
    """The Bundle as text, digits and all, and read."""
    with page.expect_download() as started:
        page.locator(button).click()
    text = started.value.path().read_text(encoding="utf-8")
    return text, json.loads(text)

"""Notices in Chromium: call list and the page behind a link have no finding; what is pushed twice is shown once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from telemed.booking import service as booking
from telemed.kit.db import Database
from telemed.notify import push, store
from telemed.notify.carriers import Carrier, Carriers
from telemed.notify.channels import WebPush
from telemed.notify.model import Channel, Kind, Notice
from telemed.notify.service import Desk
from tests.desk.world import make_world, running
from tests.e2e import test_planning_desk as planning
from tests.e2e.booking_scene import Looker, Scene, open_scene

pytestmark = pytest.mark.e2e

HOUR = timedelta(hours=1)
WORKER = "/static/notify/js/push_worker.js"
REGISTER = """async (worker) => {
  const { scriptAt } = await import('/static/js/markup.js');
  await navigator.serviceWorker.register(scriptAt(worker));
}"""
FIND = f"(await navigator.serviceWorker.getRegistration('{WORKER}'))"
SHOWN = f"async () => (await {FIND}.getNotifications()).map(one => `${{one.title}}: ${{one.body}} (${{one.tag}})`)"
CLOSE = f"async () => (await {FIND}.getNotifications()).forEach(one => one.close())"
TOLD = {"id": "n1", "title": "Ihr Termin", "text": "Bitte kommen Sie jetzt: Raum 1.", "link": "https://centre.test/n/a"}


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def test_the_call_list_fits_each_size_and_is_worked_off(sqlite_database: Database, browser: Browser) -> None:
    world = make_world(sqlite_database)
    with running(world) as address:
        with sqlite_database.transaction() as tx:
            for number, visit_id in enumerate(world.visits):
                about = booking.get(tx, visit_id)
                made = Notice(f"n{number}", Kind.DELAY, about.person_id, visit_id, world.now, about.offer.end + HOUR)
                store.add(tx, [replace(made, step=20, minutes=20, channel=Channel.CALL)])
        desk = planning.Desk(world, f"http://zentrum.localhost:{address.rpartition(':')[2]}", browser)
        page = desk.page()
        page.get_by_role("link", name="Anrufliste").click()
        expect(page.locator("li.call")).to_have_count(2)
        Looker(page, "desk")("70 call list")
        assert planning.faults(page) == []
        page.emulate_media(media="print")
        expect(page.locator(".print-tick").first).to_be_visible()
        expect(page.get_by_role("button", name="Gesagt").first).to_be_hidden()
        Looker(page, "desk")("73 call list on paper")
        page.emulate_media(media="screen")
        page.get_by_role("button", name="Nicht erreicht").first.click()
        expect(page.locator("li.call")).to_have_count(1)
        page.get_by_role("button", name="Gesagt").click()
        expect(page.get_by_text("Im Moment ist niemand anzurufen.")).to_be_visible()
        assert planning.faults(page) == []
        for context in browser.contexts:
            context.close()


def with_push(scene: Scene) -> None:
    """The centre has web push."""
    world = scene.world
    sender, desk = WebPush(push.read_key(push.new_key()), "mailto:betrieb@stadt.example"), Desk(world.secrets)
    carrier = Carrier(world.db, world.clock, desk, sender, world.centre.public_url)
    world.centre.live[Carriers] = Carriers(desk, (carrier,))


def deliver(page: Page, origin: str, told: dict[str, str]) -> None:
    """Push *told* to the page's worker, as the browser does with what a push service brings."""
    browser = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda news: registrations.extend(news["registrations"]))
    browser.send("ServiceWorker.enable")
    for _ in range(200):
        if registrations:
            break
        page.evaluate("() => new Promise(requestAnimationFrame)")
    name = registrations[-1]["registrationId"]
    push_ = {"origin": origin, "registrationId": name, "data": json.dumps(told)}
    browser.send("ServiceWorker.deliverPushMessage", push_)
    browser.detach()


def until_shown(page: Page, *expected: str) -> None:
    page.wait_for_function(f"async () => JSON.stringify(await ({SHOWN})()) === {json.dumps(json.dumps(expected))}")


def test_the_page_behind_a_link_fits_and_notices_on_this_device_are_shown_once(scene: Scene) -> None:
    with_push(scene)
    page = scene.page("phone")
    seen = Looker(page, "phone")
    page.goto(f"{scene.address}/n/AAAAAAAAAAAAAAAAAAAAAA")
    seen("71 behind a link")
    page.context.grant_permissions(["notifications"], origin=scene.address)
    scene.own(page)
    expect(page.get_by_role("button", name="Nachrichten einschalten")).to_be_visible()
    seen("72 notices on this device")
    assert seen.found == {}
    page.evaluate(REGISTER, WORKER)
    page.wait_for_function(f"async () => {FIND}?.active?.state === 'activated'")
    deliver(page, scene.address, TOLD)
    shown = "Ihr Termin: Bitte kommen Sie jetzt: Raum 1. (n1)"
    until_shown(page, shown)
    deliver(page, scene.address, TOLD)
    deliver(page, scene.address, {**TOLD, "id": "n2"})
    until_shown(page, shown, shown.replace("n1", "n2"))
    page.evaluate(CLOSE)
    deliver(page, scene.address, TOLD)
    deliver(page, scene.address, {**TOLD, "id": "n3"})
    until_shown(page, shown.replace("n1", "n3"))

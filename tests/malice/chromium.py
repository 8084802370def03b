"""The page's own module (``/static/js/trust.js``) in a real Chromium, as judge of set-ups."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

from telemed.web.pages import mount_static
from telemed.web.security import Protection, protect
from tests.e2e.chromium import chromium
from tests.malice.world import Seen, World, as_json, judged, taken_unchecked
from tests.serving import served_beside

JUDGE = """async (setups) => {
  const { Distrusted, Handshake, readRoster, trusted } = await import('/static/js/trust.js');
  const { fromBase64, toBase64 } = await import('/static/js/base64.js');
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
  const head = bytes('302e020100300506032b657004220420');
  const open = async ({ me, far, room_id: roomId, roster, operator_keys: operators, newest, hellos, ...rest }) => {
    const { before, offered, said, now_ms: nowMs } = rest;
    const read = await readRoster(roster, operators, newest);
    const pkcs8 = new Uint8Array([...head, ...bytes(me.private)]);
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
    const keys = { privateKey, publicKey: null };
    const draws = [me.nonce, me.reveal];
    const named = { visitId: me.visit_id, peerId: me.peer_id, role: me.role, fingerprint: me.fingerprint };
    const shake = new Handshake({ ...named, keys, publicKey: me.public }, () => draws.shift());
    for (const hello of hellos) {
      shake.greeted(hello, { peerId: far.peer_id, role: far.role });
      trusted(hello, read, { role: far.role, roomId, nowMs });
    }
    if (offered) await shake.seal('offer', me.sdp, { attempt: offered, nowMs });
    for (const each of [...before, said]) await shake.open(each, { nowMs });
    return '';
  };
  return Promise.all(setups.map(async (setup) => {
    try {
      return await open(setup);
    } catch (error) {
      return error instanceof Distrusted ? error.reason : `broken: ${error}`;
    }
  }));
}"""
AT_ONCE = 100


@contextmanager
def trust_page() -> Iterator[Page]:
    """A page under the real security policy that has the module."""
    app = FastAPI()
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>trust</title>"))
    mount_static(app)
    protect(app, Protection())
    with served_beside(app) as server, chromium() as browser:
        page = browser.new_page()
        page.goto(server.address)
        yield page


def judged_by_page(page: Page, setups: Iterator[tuple[str, World]]) -> Seen:
    """What the page's module says to each honest set-up and its mutation; it must say the same as the Python one."""
    seen = Seen()
    while batch := list(islice(setups, AT_ONCE)):
        worlds = [as_json(setup) for _, world in batch for setup in (world.honest, world.mutant)]
        found = page.evaluate(JUDGE, worlds)
        for (name, world), honest, mutant in zip(batch, found[::2], found[1::2], strict=True):
            seen.add(name, honest, mutant, control=taken_unchecked(world.mutant))
            if mutant != judged(world.mutant):
                seen.wrong.append(f"{name}: {mutant} on the page, {judged(world.mutant)} in Python")
    return seen

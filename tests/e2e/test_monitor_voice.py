"""The monitor is heard in Chromium: chime and spoken calls are really played, in order, and again as time goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.board import Announced, Call
from signage.calls import Volume
from signage.sounds import Loudspeaker
from telemed.kit.clock import real_now
from tests.e2e.chromium import chromium_beside
from tests.e2e.monitor_scene import Shown, keep, misplaced, settled, shown, too_small, violations
from tests.signage.boards import make_ticket
from tests.signage.test_voice import make_voice

pytestmark = pytest.mark.e2e

ALLOWED = "--autoplay-policy=no-user-gesture-required"
"""As the monitor's unit starts its Chromium."""
REFUSED = "--autoplay-policy=document-user-activation-required"
"""As a browser does that nobody has told."""

PATIENCE_MS = 20_000

LISTEN = """
  window.heard = [];
  let refused = 0;
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    const note = (type) => heard.push({ type, file: new URL(this.src).pathname,
      at: this.currentTime, seconds: this.duration, volume: this.volume });
    note('asked');
    this.addEventListener('playing', () => note('playing'));
    this.addEventListener('ended', () => note('ended'), { capture: true }); // before the page goes on
    this.playbackRate = this.src.includes('SLOW') ? 0.1 : 16; // a test need not wait
    const started = play.call(this);
    started.catch(() => console.info(`refused ${refused += 1}`));
    return started;
  };
"""
FILES = ["/sound/chime.wav", "/sound/calls/{}/tr.wav", "/sound/calls/{}/de.wav"]


@pytest.fixture(scope="module")
def loud(browser: Browser) -> Iterator[Browser]:
    with chromium_beside(browser, ALLOWED) as started:
        yield started


@contextmanager
def listening(browser: Browser, program: Shown, slow: str = "nothing", refused: int = 0) -> Iterator[Page]:
    """The monitor's page, and somebody who writes down what is played. *slow*: part of what lasts long.

    *refused*: so many sounds; only then the page is asked anything, for to Chromium that is a person's touch.
    """
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.add_init_script(LISTEN.replace("SLOW", slow))
    if refused:
        with page.expect_console_message(lambda said: said.text == f"refused {refused}", timeout=PATIENCE_MS):
            page.goto(program.url)
    else:
        page.goto(program.url)
    yield page
    page.close()


def speaker(folder: Path, program: str = "espeak-ng") -> Loudspeaker:
    return Loudspeaker(make_voice(folder, program), Volume.parse("00:00=60"))


def call(call_id: str, picture: str = "bird") -> Call:
    return Call(call_id=call_id, ticket=make_ticket(picture), language="tr", at=real_now())


def files(*call_ids: str) -> list[str]:
    return [file.format(call_id) for call_id in call_ids for file in FILES]


def heard(page: Page, kind: str = "ended") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("() => window.heard")
    return [one for one in found if one["type"] == kind and one["file"] != "/sound/ready.wav"]


def until_heard(page: Page, count: int) -> None:
    page.wait_for_function(
        "() => window.heard.filter(({ type, file }) => type === 'ended' && !file.endsWith('ready.wav')).length"
        f" >= {count}"
    )


def overlapping(page: Page) -> list[str]:
    """Files that were asked for while another was still heard; a trial that is silent may be."""
    found = page.evaluate("() => window.heard.filter(({ file }) => !file.endsWith('ready.wav'))")
    speaking, wrong = "", []
    for one in found:
        if one["type"] == "asked" and speaking:
            wrong.append(one["file"])
        speaking = "" if one["type"] == "ended" else one["file"]
    return wrong


def later(program: Shown, seconds: float) -> None:
    program.hand.now_s += seconds


def test_a_call_is_played_in_both_languages_and_again_after_20_and_60_seconds(loud: Browser, tmp_path: Path) -> None:
    with shown(tmp_path, loudspeaker=speaker(tmp_path)) as program, listening(loud, program) as page:
        first = call("one")
        program.board(calls=(first, call("two", "fish")))
        until_heard(page, 6)
        assert [one["file"] for one in heard(page)] == files("one", "two")
        for one in heard(page):
            assert one["seconds"] > 0.5
            assert one["at"] == pytest.approx(one["seconds"], abs=0.05)
            assert one["volume"] == pytest.approx(0.6)
        assert overlapping(page) == []
        program.board(calls=(first,))
        later(program, 20)
        until_heard(page, 9)
        later(program, 40)
        until_heard(page, 12)
        assert [one["file"] for one in heard(page)] == files("one", "two", "one", "one")

        later(program, 30)
        program.board(calls=(call("again"),))
        until_heard(page, 15)
        program.board(calls=())
        later(program, 20)
        program.board(calls=(call("last"),))
        until_heard(page, 18)
        assert [one["file"] for one in heard(page)][12:] == files("again", "last")
        expect(page.locator("#mute")).to_be_hidden()


def test_an_alarm_cuts_a_call_short_and_is_said_again_while_it_stands(loud: Browser, tmp_path: Path) -> None:
    with shown(tmp_path, loudspeaker=speaker(tmp_path)) as program, listening(loud, program, "/calls/") as page:
        program.board(calls=(call("one"),))
        until_heard(page, 1)
        alarm = [FILES[0], "/sound/announced/leave/de.wav", "/sound/announced/leave/en.wav"]
        program.board(calls=(call("one"),), announced=Announced.LEAVE)
        until_heard(page, 4)
        assert [one["file"] for one in heard(page)] == [FILES[0], *alarm]
        later(program, 20)
        until_heard(page, 7)
        assert [one["file"] for one in heard(page)] == [FILES[0], *alarm, *alarm]


def test_who_may_not_be_heard_says_so_on_the_glass(browser: Browser, tmp_path: Path) -> None:
    with shown(tmp_path, loudspeaker=speaker(tmp_path)) as program, chromium_beside(browser, REFUSED) as refusing:
        program.board(calls=(call("one"),), simulated=True, exercise=True, more=3, languages=("ar",))
        with listening(refusing, program, refused=4) as page:
            expect(page.get_by_text("Kein Ton. Bitte auf die Anzeige achten.")).to_be_visible(timeout=PATIENCE_MS)
            settled(page)
            keep(page, "no-sound")
            assert misplaced(page) == []
            assert too_small(page, program.monitor.face) == []
            assert violations(page) == []
            assert heard(page) == []


def test_without_a_voice_the_chime_goes_on_and_the_glass_says_so_and_at_night_nothing_is_heard(
    loud: Browser, tmp_path: Path
) -> None:
    with shown(tmp_path, loudspeaker=speaker(tmp_path, "no-such-program")) as program, listening(loud, program) as page:
        program.board(calls=(call("one"),))
        expect(page.get_by_text("Nur Gong, keine Ansage. Bitte auf die Anzeige achten.")).to_be_visible(
            timeout=PATIENCE_MS
        )
        assert [one["file"] for one in heard(page)] == FILES[:1]
        asked = page.evaluate("""async () => {
          const { Speaker } = await import('/static/signage/speaker.js');
          const before = heard.length;
          const calls = [{ call_id: 'x', turn: 1, files: ['/sound/chime.wav'] }];
          new Speaker(() => {}).hear({ volume: 0, calls });
          const silent = heard.length - before;
          new Speaker(() => {}).hear({ volume: 50, calls });
          return [silent, heard.length - before > 0];
        }""")
        assert asked == [0, True]

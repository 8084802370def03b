"""What the doctor hears and sees of stethoscope and ECG: the page's modules on signals whose truth is known."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

from room_agent.devices.curve import NO_VALUE
from room_agent.devices.driver import Waveform
from room_agent.devices.ecg import LEADS
from room_agent.devices.simulated.ecg_signal import RESOLUTION_NV, Rhythm, hum, twelve_leads
from schemas.measurement import WaveKind
from telemed.desk import pages as desk
from telemed.kit.i18n import words
from telemed.web.pages import mount_static
from telemed.web.security import Protection, protect
from tests.e2e.chromium import CALL, chromium
from tests.serving import served_beside

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


PAPER = """<!doctype html><title>signals</title><style>body { margin: 0; width: 800px; }
canvas { display: block; width: 100%; }</style>
<script type="application/json" id="words">WORDS</script>
<div id="visit" data-offset-s="60"></div>
<section id="ecg"><button id="ecg-freeze"></button><button id="ecg-close" hidden></button>
<p id="ecg-state"></p><p id="ecg-quality"></p>
<canvas id="ecg-grid"></canvas><canvas id="ecg-canvas"></canvas></section>"""
"""What `ecg.js` needs of the doctor's page."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A bare page under the real security policy, from which the desk's modules can be imported."""
    app = FastAPI()
    app.get("/")(lambda: HTMLResponse(PAPER.replace("WORDS", json.dumps(words().starting("desk.js.")))))
    mount_static(app, desk=desk.STATIC)
    protect(app, Protection())
    with served_beside(app) as server, chromium(*CALL) as browser:
        made = browser.new_page()
        made.goto(server.address)
        yield made


ASSESS = """async ([samples, rate, scale]) => {
  const { assess } = await import('/static/desk/js/quality.js');
  const { grade, trouble } = assess(samples, rate, scale);
  return `${grade} ${trouble}`.trim();
}"""


def assessed(page: Page, samples: Any, rate_hz: int = 500) -> str:
    found: str = page.evaluate(ASSESS, [[int(sample) for sample in samples], rate_hz, RESOLUTION_NV / 1e6])
    return found


@pytest.mark.parametrize("rhythm", Rhythm)
def test_a_good_signal_is_usable_whatever_the_heart_does(page: Page, rhythm: Rhythm) -> None:
    made = twelve_leads(500, rhythm=rhythm, seconds=20)
    for begin in (0, 2000, 4321):
        assert {assessed(page, made[begin : begin + 1500, lead]) for lead in range(12)} == {"good"}


def test_what_spoils_a_signal_is_named(page: Page) -> None:
    good = twelve_leads(500, seconds=20)[:1500, LEADS.index("II")].astype(int)
    humming = hum(0, 1500, 500)[:, 0].astype(int)
    drift = 400 * np.sin(np.linspace(0, 7, 1500))
    loose = np.where(np.arange(1500) > 1400, NO_VALUE, good)
    assert assessed(page, good + humming) == "bad hum"
    assert assessed(page, good + 4 * humming) == "unusable hum"
    assert assessed(page, good + drift) == "bad baseline"
    assert assessed(page, good + 4 * drift) == "unusable baseline"
    assert assessed(page, loose) == "unusable off"
    assert assessed(page, np.where(good > 100, 32767, good)) == "unusable saturated"
    assert assessed(page, np.zeros(1500)) == "unusable flat"
    assert assessed(page, good[:300]) == "bad short"


def test_the_quality_of_a_belt_of_130_hz_is_said_as_well(page: Page) -> None:
    good = twelve_leads(130, seconds=20)[:390, 1].astype(int)
    assert assessed(page, good, 130) == "good"
    assert assessed(page, good + hum(0, 390, 130)[:, 0], 130) == "bad hum"


READ = """async (bytes) => {
  const { readPiece } = await import('/static/desk/js/wave.js');
  const piece = readPiece(new Uint8Array(bytes).buffer);
  return { ...piece, samples: [...piece.samples] };
}"""


def test_every_bit_of_a_piece_arrives(page: Page) -> None:
    samples = np.random.default_rng(3).integers(-32768, 32768, 160).astype("<i2")
    piece = Waveform(
        "stethoscope", (0,), 4000, 1_700_000_000_123_456, 7, 1 / 32768, samples.tobytes(), 12, WaveKind.SOUND
    )
    read = page.evaluate(READ, list(piece.pack()))
    assert read["samples"] == samples.tolist()
    assert (read["seq"], read["gap"], read["rateHz"], read["codes"], read["kind"]) == (7, 12, 4000, [0], WaveKind.SOUND)


RESPONSE = """async ([band, hertz]) => {
  const { FILTERS, filterNodes } = await import('/static/desk/js/listen.js');
  const context = new OfflineAudioContext(1, 128, 48000);
  const gains = new Float32Array(hertz.length).fill(1);
  for (const node of filterNodes(context, FILTERS[band])) {
    const [magnitude, phase] = [new Float32Array(hertz.length), new Float32Array(hertz.length)];
    node.getFrequencyResponse(Float32Array.from(hertz), magnitude, phase);
    magnitude.forEach((each, n) => { gains[n] *= each; });
  }
  return [...gains].map((gain) => 20 * Math.log10(gain));
}"""


@pytest.mark.parametrize(
    ("band", "low", "high"), [("bell", 20, 200), ("diaphragm", 100, 500), ("wide", 20, 1000), ("lung", 60, 1200)]
)
def test_a_filter_does_what_its_label_says(page: Page, band: str, low: int, high: int) -> None:
    middle = (low * high) ** 0.5
    below, at_low, at_middle, at_high, above = page.evaluate(RESPONSE, [band, [low / 4, low, middle, high, high * 4]])
    assert at_low == pytest.approx(-3, abs=0.3)
    assert at_high == pytest.approx(-3, abs=0.3)
    assert abs(at_middle) < 0.3
    assert below < -40
    assert above < -40


def test_without_a_filter_nothing_is_in_between(page: Page) -> None:
    assert page.evaluate("async () => (await import('/static/desk/js/listen.js')).filterNodes(null, null)") == []


PLAY = """async ([pieces, seconds]) => {
  const context = new OfflineAudioContext(1, Math.round(seconds * 48000), 48000);
  await context.audioWorklet.addModule('/static/desk/js/pcm-player.js');
  const player = new AudioWorkletNode(context, 'pcm-player', { numberOfInputs: 0, outputChannelCount: [1] });
  let counts = {};
  player.port.onmessage = ({ data }) => { counts = data; };
  for (const { samples, gap } of pieces) player.port.postMessage({ samples: Int16Array.from(samples), gap });
  player.connect(context.destination);
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  const heard = (await context.startRendering()).getChannelData(0);
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  return { heard: [...heard], counts };
}"""


def played(page: Page, *pieces: tuple[Any, int], seconds: float = 0.25) -> tuple[np.ndarray[Any, Any], dict[str, int]]:
    given = [{"samples": [int(sample) for sample in samples], "gap": gap} for samples, gap in pieces]
    found = page.evaluate(PLAY, [given, seconds])
    return np.array(found["heard"]), found["counts"]


@pytest.mark.parametrize("hertz", [20, 100, 500, 1000, 1500, 1750])
def test_the_lossless_player_is_flat_and_never_stretches(page: Page, hertz: int) -> None:
    moments = np.arange(800) / 4000
    heard, counts = played(page, (np.round(16000 * np.sin(2 * np.pi * hertz * moments)), 0), seconds=0.2)
    middle = heard[2400:7200]
    basis = np.exp(-2j * np.pi * hertz * np.arange(middle.size) / 48000) * np.hanning(middle.size)
    level = 2 * abs((middle * basis).sum()) / np.hanning(middle.size).sum()
    assert 20 * np.log10(level / (16000 / 32768)) == pytest.approx(0, abs=0.1)
    assert counts["dropouts"] + counts["skipped"] == 0


def test_the_samples_themselves_are_heard_at_their_places(page: Page) -> None:
    """Between the samples the filter draws the curve; at them the sound is what was recorded."""
    sent = np.random.default_rng(5).integers(-9000, 9000, 600)
    heard, _ = played(page, (sent, 0), seconds=0.14)
    at_samples = heard[::12] * 32768
    begin = int(np.argmax(np.correlate(at_samples, sent[:100], mode="valid")))
    assert np.abs(at_samples[begin : begin + 400] - sent[:400]).max() < 1


def test_what_is_missing_is_silence_as_long_as_it_was_and_an_end_is_a_dropout(page: Page) -> None:
    loud = np.full(300, 8000)
    heard, counts = played(page, (loud, 0), (loud, 200), seconds=0.3)
    assert counts["dropouts"] == 1
    assert counts["played"] == pytest.approx(600, abs=1)
    loud_parts = np.flatnonzero(np.diff((np.abs(heard) > 0.2).astype(int)))
    assert loud_parts.size == 2


def test_what_piled_up_is_skipped_and_counted(page: Page) -> None:
    _, counts = played(page, *((np.full(160, 100), 0) for _ in range(10)))
    assert counts["skipped"] > 0


SPECTRUM = """async (hertz) => {
  const { spectrum } = await import('/static/desk/js/phono.js');
  const samples = Float32Array.from({ length: 256 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / 4000));
  return [...spectrum(samples)];
}"""


def test_the_spectrogram_shows_a_tone_where_it_is_and_as_loud_as_it_is(page: Page) -> None:
    rows = np.array(page.evaluate(SPECTRUM, 500))
    assert int(rows.argmax()) == 500 * 256 // 4000
    assert rows.max() == pytest.approx(0.5, abs=0.01)
    assert rows[rows < 0.3 * rows.max()].max() < 0.01


DRAW = """async ([pieces, codes]) => {
  const { Ecg } = await import('/static/desk/js/ecg.js');
  const ecg = new Ecg();
  pieces.forEach(({ samples, gap, seq }) => {
    ecg.hear({ kind: 2, seq, tMs: 0, rateHz: 500, codes, samples: Int16Array.from(samples), scale: 0.0025, gap });
  });
  await new Promise((resolve) => { setTimeout(resolve, 1200); });
  const canvas = document.getElementById('ecg-canvas');
  const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const columns = [];
  for (let x = 0; x < width; x++) {
    const rows = [];
    for (let y = 0; y < height; y++) if (data[4 * (y * width + x) + 3] > 100) rows.push(y);
    columns.push(rows.length ? [rows[0], rows.at(-1)] : null);
  }
  const said = ['ecg-quality', 'ecg-state'].map((id) => document.getElementById(id).textContent);
  const name = canvas.getAttribute('aria-label');
  ecg.clear();
  return { columns, said, name, ratio: devicePixelRatio };
}"""
PX_PER_MM = 96 / 25.4


def drawn(page: Page, *pieces: tuple[Any, int, int], codes: tuple[int, ...] = (258,)) -> dict[str, Any]:
    """*pieces*: samples, gap, seq."""
    given = [{"samples": [int(sample) for sample in samples], "gap": gap, "seq": seq} for samples, gap, seq in pieces]
    found: dict[str, Any] = page.evaluate(DRAW, [given, codes])
    return found


def test_one_millivolt_is_10_mm_and_one_second_25_mm(page: Page) -> None:
    step = np.where(np.arange(1000) % 500 < 250, 0, 400)
    columns = drawn(page, (step, 0, 1))["columns"]
    tops = np.array([column[0] for column in columns if column])
    assert (tops.max() - tops.min()) / PX_PER_MM == pytest.approx(10, abs=0.4)
    rises = [x for x, column in enumerate(columns) if column and column[1] - column[0] > 30]
    assert (rises[-1] - rises[0]) / PX_PER_MM == pytest.approx(25, abs=0.5)
    drawn_mm = sum(column is not None for column in columns) / PX_PER_MM
    assert drawn_mm == pytest.approx(50, abs=0.6)


def test_a_gap_and_a_loose_electrode_leave_the_paper_empty(page: Page) -> None:
    line = np.zeros(250)
    for pieces in (
        ((line, 0, 1), (line, 250, 2)),
        ((line, 0, 1), (line, 0, 3)),
        ((line, 0, 1), (np.full(250, NO_VALUE), 0, 2), (line, 0, 3)),
    ):
        there = [column is not None for column in drawn(page, *pieces)["columns"]]
        empty = there[there.index(True) :].index(False)
        again = there[there.index(True) + empty :].index(True)
        assert again / PX_PER_MM == pytest.approx(12.5, abs=0.4)


def test_leads_quality_and_scale_are_said_in_words(page: Page) -> None:
    made = twelve_leads(500, seconds=20)[:1500, :2].copy()
    made[:, 1] += hum(0, 1500, 500)[:, 0]
    found = drawn(page, (made.reshape(-1), 0, 1), codes=(257, 259))
    assert found["said"] == ["schlecht. Netzbrummen: V1.", "live"]
    assert found["name"] == ("EKG, Ableitungen I, V1, 25 mm/s, 10 mm/mV. Signalqualität: schlecht. Netzbrummen: V1.")


ENDED = """async (last) => {
  const { Ecg } = await import('/static/desk/js/ecg.js');
  const ecg = new Ecg();
  const at = (id) => document.getElementById(id);
  const asked = (state) => ecg.progress({ type: 'progress', kind: 'ecg', state, reason: '' });
  const piece = { kind: 2, tMs: Date.UTC(2026, 0, 5, 9, 30, 10), rateHz: 500, codes: [258], scale: 0.0025, gap: 0 };
  const hear = (seq) => ecg.hear({ ...piece, seq, samples: new Int16Array(1000) });
  asked('measuring');
  hear(1);
  await new Promise((resolve) => { setTimeout(resolve, 3200); });
  const silent = at('ecg-quality').textContent;
  asked(last);
  const ended = [at('ecg-state').textContent, at('ecg-quality').textContent];
  const offered = !at('ecg-close').hidden;
  at('ecg-close').click();
  hear(2);
  const away = at('ecg').hidden;
  asked('waiting');
  hear(3);
  const again = at('ecg').hidden;
  ecg.clear();
  return { silent, ended, offered, away, again };
}"""


@pytest.mark.parametrize("last", ["done", "failed"])
def test_an_ended_recording_says_when_it_was_taken_and_can_be_put_away(page: Page, last: str) -> None:
    found = page.evaluate(ENDED, last)
    assert found["silent"] == "Vom EKG kommt nichts."
    state, quality = found["ended"]
    assert state == "Die Aufzeichnung ist beendet. Aufgenommen von 10:31:10 bis 10:31:12 Uhr."
    assert quality != "Vom EKG kommt nichts."
    assert (found["offered"], found["away"], found["again"]) == (True, True, False)


def test_frozen_paper_stays_as_it_is(page: Page) -> None:
    script = DRAW.replace("const columns = [];", "const columns = [], before = canvas.toDataURL();").replace(
        "const said =",
        """document.getElementById('ecg-freeze').click();
  const samples = new Int16Array(500).fill(300);
  ecg.hear({ kind: 2, seq: 9, tMs: 0, rateHz: 500, codes, samples, scale: 0.0025, gap: 0 });
  columns.push(canvas.toDataURL() === before);
  const said =""",
    )
    found = page.evaluate(script, [[{"samples": [0] * 500, "gap": 0, "seq": 1}], [258]])
    assert found["columns"][-1] is True
    assert found["said"][1] == "angehalten"

// @ts-check
/**
 * Listening to the stethoscope: live as Opus, or without loss as 4,000 Hz. Nothing is filtered on the way; the filters
 * are here, at the listener, and say what they do. While somebody listens the room's loudspeaker and microphone rest.
 */
import { byId, say } from './words.js';

/** @typedef {import('./wave.js').Piece} Piece */

/** Pass bands in Hz, each edge a Butterworth of 4th order (two biquads). @type {Record<string, [number, number] | null>} */
export const FILTERS = {
  none: null,
  bell: [20, 200],
  diaphragm: [100, 500],
  wide: [20, 1000],
  lung: [60, 1200],
};
const BUTTERWORTH_4 = [0.5411961, 1.3065630];
const RATE_HZ = 48_000;
/** So much is held back that nothing has to be stretched when packets come unevenly. */
export const BUFFER_MS = 140;
const LOOK_MS = 1000;

/**
 * @param {AudioContext} context
 * @param {[number, number] | null} band
 * @returns {AudioNode[]} in order; none for no filter
 */
export function filterNodes(context, band) {
  if (!band) return [];
  const [low, high] = band;
  const edges = /** @type {const} */ ([['highpass', low], ['lowpass', high]]);
  return edges.flatMap(([type, frequency]) =>
    BUTTERWORTH_4.map((q) => new BiquadFilterNode(context, { type, frequency, Q: 20 * Math.log10(q) })),
  );
}

export class Sound {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioNode[]} */
  #filter = [];
  /** @type {MediaStreamAudioSourceNode | null} */
  #live = null;
  /** @type {AudioWorkletNode | null} */
  #player = null;
  /** @type {MediaStream | null} */
  #stream = null;
  #begun = false;
  #on = false;
  #lossless = false;
  #band = 'none';
  counts = { played: 0, dropouts: 0, skipped: 0, waiting: 0 };

  /**
   * The sink is attached at once, silent: one attached late would keep its delay for good.
   * @param {HTMLAudioElement} audio stays silent; without it Chromium gives a remote track to nobody
   */
  constructor(audio) {
    this.audio = audio;
    this.audio.muted = true;
  }

  /**
   * Call it inside ``ontrack``.
   * @param {MediaStream} stream
   * @param {RTCRtpReceiver} receiver
   */
  attach(stream, receiver) {
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = BUFFER_MS;
    this.#stream = stream;
    this.audio.srcObject = stream;
    this.audio.play().catch(() => {});
    this.#live?.disconnect();
    this.#live = null;
    if (this.#on) this.#connect();
  }

  get context() {
    return this.#context;
  }

  /** What is heard, for a level or a figure: the last node before the loudspeaker. */
  get output() {
    return this.#filter.at(-1) ?? null;
  }

  /**
   * @param {boolean} on
   * @returns {Promise<void>} fails where the browser has no sound
   */
  async turn(on) {
    this.#on = on;
    if (on) await this.#begin();
    this.#connect();
    if (!on) this.#player?.port.postMessage('forget');
  }

  /** Needs a click before it, or the browser stays silent. */
  async #begin() {
    const context = this.#context ?? new AudioContext({ sampleRate: RATE_HZ, latencyHint: 'interactive' });
    this.#context = context;
    if (!this.#begun) {
      this.#begun = true;
      await context.audioWorklet.addModule('/static/desk/js/pcm-player.js');
      this.#player = new AudioWorkletNode(context, 'pcm-player', { numberOfInputs: 0, outputChannelCount: [1] });
      this.#player.port.onmessage = ({ data }) => {
        this.counts = data;
      };
    }
    await context.resume();
  }

  /** @param {string} band a key of `FILTERS` */
  choose(band) {
    this.#band = band;
    this.#connect();
  }

  /** @param {boolean} lossless */
  path(lossless) {
    this.#lossless = lossless;
    this.#player?.port.postMessage('forget');
    this.#connect();
  }

  /** What is heard now, from its source to the loudspeaker; made anew with each choice. */
  #connect() {
    const context = this.#context;
    if (!context) return;
    if (!this.#live && this.#stream) this.#live = context.createMediaStreamSource(this.#stream);
    for (const node of [this.#live, this.#player, ...this.#filter]) node?.disconnect();
    const gain = new GainNode(context);
    this.#filter = [...filterNodes(context, FILTERS[this.#band] ?? null), gain];
    const source = this.#lossless ? this.#player : this.#live;
    if (!this.#on || !source) return;
    [source, ...this.#filter].reduce((from, to) => from.connect(to));
    gain.connect(context.destination);
  }

  /** @param {Piece} piece */
  hear(piece) {
    if (!this.#on || !this.#lossless) return;
    this.#player?.port.postMessage({ samples: piece.samples, gap: piece.gap });
  }

  /** Forget everything. */
  async clear() {
    this.#on = false;
    this.audio.srcObject = null;
    this.#stream = null;
    await this.#context?.close();
    this.#context = null;
  }
}

/** @typedef {(message: {type: 'listen', on: boolean}) => void} Tell */

export class Listener {
  #listening = false;
  /** The patient has said yes to the stethoscope, or nobody has to. */
  #allowed = true;
  #timer = 0;
  #lastHeard = -Infinity;
  #lastSeq = -1;
  /** @type {RTCRtpReceiver | null} */
  #receiver = null;
  /** What had been stretched and made up before anybody listened. */
  #before = { stretched: 0, concealed: 0 };

  /** @param {Tell} tell */
  constructor(tell) {
    this.tell = tell;
    this.sound = new Sound(byId('stethoscope-audio', HTMLAudioElement));
    this.button = byId('listen', HTMLButtonElement);
    this.button.addEventListener('click', () => this.#turn(!this.#listening));
    for (const choice of byId('listening', HTMLElement).querySelectorAll('input')) {
      choice.addEventListener('change', () => this.#chosen(choice));
    }
  }

  /** @param {HTMLInputElement} choice */
  #chosen(choice) {
    if (choice.name === 'listen-filter') this.sound.choose(choice.value);
    else this.sound.path(choice.value === 'lossless');
    this.#say();
  }

  /**
   * @param {MediaStream} stream
   * @param {RTCRtpReceiver} receiver
   */
  attach(stream, receiver) {
    this.#receiver = receiver;
    this.sound.attach(stream, receiver);
    this.button.disabled = false;
  }

  /** The room is there, perhaps again: it is told what was chosen before. */
  offer() {
    if (this.#listening) this.tell({ type: 'listen', on: true });
  }

  /** @param {Piece} piece */
  hear(piece) {
    this.#lastHeard = performance.now();
    const dropped = this.#lastSeq >= 0 ? Math.max(0, piece.seq - this.#lastSeq - 1) : 0;
    this.#lastSeq = piece.seq;
    this.sound.hear({ ...piece, gap: piece.gap + dropped * piece.samples.length });
  }

  /** What the patient says to the stethoscope; after a no only a new click asks again. @param {string} state */
  allowed(state) {
    this.#allowed = state === 'yes';
    if (state === 'no' && this.#listening) this.#turn(false);
    else if (this.#listening) this.#say();
  }

  /** @param {boolean} on */
  async #turn(on) {
    this.#listening = on;
    this.#lastHeard = performance.now();
    this.#lastSeq = -1;
    this.button.setAttribute('aria-pressed', String(on));
    byId('listening', HTMLElement).hidden = !on;
    this.tell({ type: 'listen', on });
    clearInterval(this.#timer);
    if (on) this.#before = await this.#stats();
    if (on) this.#timer = window.setInterval(() => this.#say(), LOOK_MS);
    this.#say();
    try {
      await this.sound.turn(on);
    } catch {
      if (on) this.#turn(false);
    }
  }

  /** Whether there is sound, and whether all of it was heard as it was recorded. */
  async #say() {
    const silent = performance.now() - this.#lastHeard > 2 * LOOK_MS;
    const heard = this.#allowed ? (silent ? 'desk.js.listen.none' : 'desk.js.listening') : 'desk.js.listen.asked';
    const state = this.#listening ? heard : 'desk.js.not_listening';
    const place = byId('listen-state', HTMLElement);
    if (place.textContent !== say(state)) place.textContent = say(state);
    const report = await this.#stats();
    byId('listen-true', HTMLElement).textContent = say('desk.js.listen.true', {
      dropouts: this.sound.counts.dropouts + Number(this.sound.counts.skipped > 0),
      stretched: Math.round(((report.stretched - this.#before.stretched) * 1000) / RATE_HZ),
      concealed: Math.round(((report.concealed - this.#before.concealed) * 1000) / RATE_HZ),
    });
  }

  async #stats() {
    const found = { stretched: 0, concealed: 0 };
    for (const each of (await this.#receiver?.getStats())?.values() ?? []) {
      if (each.type !== 'inbound-rtp') continue;
      found.stretched = (each.insertedSamplesForDeceleration ?? 0) + (each.removedSamplesForAcceleration ?? 0);
      found.concealed = each.concealedSamples ?? 0;
    }
    return found;
  }

  /** The room is gone. */
  away() {
    this.button.disabled = true;
  }

  /** Forget everything. */
  clear() {
    clearInterval(this.#timer);
    this.sound.clear();
  }
}

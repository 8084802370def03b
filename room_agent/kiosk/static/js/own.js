/** What the room gives into the talk: one's own picture, which can be put away, and whether one is heard. */

import { Ear, bar, loudness, playNotes } from '/static/js/voice.js';
import { words } from './words.js';

const LOOK_MS = 100;
const WINDOW_MS = 6000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Own {
  #listens = new AbortController();
  #ear = new Ear(WINDOW_MS);
  #timer = 0;
  /** @type {AudioContext | null} */
  #audio = null;

  constructor() {
    const { signal } = this.#listens;
    by('self-hide').addEventListener('click', () => this.#hide(by('self-hide').getAttribute('aria-pressed') !== 'true'), { signal });
    by('tone').addEventListener('click', () => this.#play(), { signal });
    this.#hide(false);
  }

  /** @param {boolean} hidden */
  #hide(hidden) {
    by('self-hide').setAttribute('aria-pressed', String(hidden));
    by('self').hidden = by('self-caption').hidden = hidden;
    by('self-hides').hidden = hidden;
    by('self-shows').hidden = !hidden;
  }

  get #context() {
    this.#audio ??= new AudioContext();
    return this.#audio;
  }

  #play() {
    by('tone-asked').hidden = false;
    playNotes(this.#context).catch((error) => console.warn('own', error.name));
  }

  /** @param {MediaStream | null} stream */
  begin(stream) {
    const [track] = stream?.getAudioTracks() ?? [];
    by('voice').hidden = !track;
    if (!track) return;
    const analyser = new AnalyserNode(this.#context, { fftSize: 2048 });
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.#context.resume().catch(() => {});
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = window.setInterval(() => {
      if (!track.enabled || this.#audio?.state !== 'running') return this.#silent(); // we keep silent ourselves
      analyser.getFloatTimeDomainData(samples);
      this.#show(loudness(samples));
    }, LOOK_MS);
  }

  /** Nobody hears us now, and what was heard before says nothing of later. */
  #silent() {
    this.#ear.forget();
    /** @type {HTMLMeterElement} */ (by('voice-level')).value = 0;
    by('voice-words').textContent = '';
    by('voice').dataset.hearing = '';
  }

  /** @param {number} level */
  #show(level) {
    /** @type {HTMLMeterElement} */ (by('voice-level')).value = bar(level);
    const hearing = this.#ear.hear(level, performance.now());
    if (!hearing) return;
    const said = words(`kiosk.voice.${hearing}`);
    const place = by('voice-words');
    if (place.textContent !== said) place.textContent = said;
    by('voice').dataset.hearing = hearing;
  }

  end() {
    this.#listens.abort();
    clearInterval(this.#timer);
    this.#audio?.close();
    this.#audio = null;
    by('tone-asked').hidden = by('voice').hidden = true;
    this.#silent();
    this.#hide(false);
  }
}

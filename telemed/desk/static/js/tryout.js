// @ts-check
/** Camera, microphone and loudspeaker are tried before anybody sees or hears one. Nothing leaves the page meanwhile. */
import { bar, loudness, playNotes } from '/static/js/voice.js';
import { byId, say } from './words.js';
import { ownMedia } from './stage.js';

export class Tryout {
  /** @type {MediaStream | null} */
  stream = null;
  /** @type {AudioContext | null} */
  #audio = null;
  #frame = 0;

  constructor() {
    byId('try', HTMLButtonElement).addEventListener('click', () => this.begin());
    byId('tone', HTMLButtonElement).addEventListener('click', () => this.#play());
  }

  /** Ask for camera and microphone, once. */
  async begin() {
    if (this.stream) return;
    const { stream, refused } = await ownMedia();
    const failed = byId('try-failed', HTMLElement);
    failed.hidden = !refused;
    if (refused) /** @type {HTMLElement} */ (failed.querySelector('span')).textContent = say(`guest.js.refused.${refused}`);
    this.stream = stream;
    if (!stream) return;
    const mirror = byId('mirror', HTMLVideoElement);
    mirror.srcObject = stream;
    mirror.hidden = stream.getVideoTracks().length === 0;
    byId('no-mirror', HTMLElement).hidden = !mirror.hidden;
    this.#measure(stream);
  }

  get #context() {
    this.#audio ??= new AudioContext();
    return this.#audio;
  }

  /** How loud one is, as a bar. @param {MediaStream} stream */
  #measure(stream) {
    if (!stream.getAudioTracks().length) return;
    const analyser = this.#context.createAnalyser();
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const level = byId('level', HTMLMeterElement);
    byId('loudness', HTMLElement).hidden = false;
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      level.value = bar(loudness(samples));
      this.#frame = requestAnimationFrame(look);
    };
    look();
  }

  /** Three notes, to hear whether anything is heard. */
  async #play() {
    byId('tone-asked', HTMLElement).hidden = false;
    await playNotes(this.#context);
  }

  /** The test is over; the stream goes on into the talk. */
  end() {
    cancelAnimationFrame(this.#frame);
    this.#audio?.close();
    this.#audio = null;
    byId('mirror', HTMLVideoElement).srcObject = null;
  }
}

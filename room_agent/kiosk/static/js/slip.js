/**
 * The code of a slip before the room's camera. It is open from a press until the code is read or somebody goes on, and
 * what it sees stays in this page: only what a code of ours says leaves it.
 */

const LOOK_MS = 150;
/** Wide enough for a code that fills a fifth of the picture, and quickly looked through. */
const WIDTH = 640;
/** It sets `window.jsQR`. */
const READER = '/static/vendor/js/jsqr.js';
const OURS = /\/t\/[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/;

export class Slip {
  /** @type {MediaStream | null} */
  #stream = null;
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {(code: string | null) => void} read what the slip says; null for a code of somebody else's
   */
  constructor(video, read) {
    this.video = video;
    this.read = read;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** @returns {Promise<boolean>} whether there is a camera, or it was closed meanwhile */
  async open() {
    const turn = ++this.#turn;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      if (turn !== this.#turn) {
        for (const track of stream.getTracks()) track.stop();
        return true;
      }
      this.#stream = this.video.srcObject = stream;
      await Promise.all([this.video.play(), import(READER)]);
    } catch {
      if (turn !== this.#turn) return true;
      this.close();
      return false;
    }
    this.#look(turn);
    return true;
  }

  close() {
    this.#turn += 1;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.video.srcObject = null;
  }

  /** @param {number} turn */
  #look(turn) {
    if (turn !== this.#turn) return;
    const found = this.#found();
    if (found === '') setTimeout(() => this.#look(turn), LOOK_MS);
    else {
      this.close();
      this.read(OURS.test(found) ? found.slice(0, 200) : null);
    }
  }

  /** @returns {string} what the code in the picture says, if there is one */
  #found() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = new OffscreenCanvas(WIDTH, Math.max(1, Math.round((WIDTH * height) / (width || WIDTH))));
    const drawn = canvas.getContext('2d', { willReadFrequently: true });
    if (!width || !drawn) return '';
    drawn.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    const { data } = drawn.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR?.(data, canvas.width, canvas.height, { inversionAttempts: 'dontInvert' })?.data ?? '';
  }
}

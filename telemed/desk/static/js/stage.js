// @ts-check
/** The pictures: the person, the exam cameras, oneself; and one's own camera and microphone. */
import { byId, say } from './words.js';

const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/**
 * Camera and microphone, or what can be had of them.
 * @returns {Promise<{stream: MediaStream | null, refused: '' | 'camera' | 'both'}>}
 */
export async function ownMedia() {
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ audio: VOICE, video: PICTURE }), refused: '' };
  } catch {
    // no camera, or not allowed: the voice alone is a talk, too
  }
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ audio: VOICE }), refused: 'camera' };
  } catch {
    return { stream: null, refused: 'both' };
  }
}

export class Stage {
  /** @type {MediaStream | null} */
  #own = null;
  /** Pictures and sound of all ends rest. */
  #rests = false;

  constructor() {
    this.tiles = byId('tiles', HTMLElement);
    this.patient = byId('patient-video', HTMLVideoElement);
    this.exams = [byId('exam-video', HTMLVideoElement), byId('second-video', HTMLVideoElement)];
    this.sound = byId('sound', HTMLButtonElement);
    byId('swap', HTMLButtonElement).addEventListener('click', () => this.swap());
    this.tiles.addEventListener('click', ({ target }) => {
      const chosen = target instanceof HTMLElement ? target.closest('[data-enlarge]') : null;
      if (chosen instanceof HTMLElement) this.tiles.dataset.big = chosen.dataset.enlarge;
    });
    this.sound.addEventListener('click', () => this.#play());
    this.#toggle('microphone', 'desk.js.mute', 'desk.js.unmute');
    this.#toggle('camera', 'desk.js.hide', 'desk.js.show');
  }

  /** The next picture becomes the big one. */
  swap() {
    const shown = [.../** @type {NodeListOf<HTMLElement>} */ (this.tiles.querySelectorAll('[data-tile]:not([hidden])'))];
    const names = shown.map(({ dataset }) => dataset.tile ?? '');
    this.tiles.dataset.big = names[(names.indexOf(this.tiles.dataset.big ?? '') + 1) % names.length];
  }

  /** @param {MediaStream | null} stream */
  showOwn(stream) {
    this.#own = stream;
    this.#send();
    const hasPicture = Boolean(stream?.getVideoTracks().length);
    byId('self', HTMLElement).hidden = !hasPicture;
    byId('self-video', HTMLVideoElement).srcObject = hasPicture ? stream : null;
    byId('microphone', HTMLElement).hidden = !stream;
    byId('camera', HTMLElement).hidden = !hasPicture;
  }

  /** @param {MediaStream | null} stream */
  showPatient(stream) {
    if (this.patient.srcObject === stream) return;
    this.patient.srcObject = stream;
    waiting(this.patient, true);
    if (stream) this.#play();
    whenShown(this.patient, () => performance.mark('conversation-frame'));
  }

  /**
   * @param {MediaStream} stream
   * @param {number} slot
   */
  showExam(stream, slot) {
    const video = this.exams[slot];
    if (!video || video.srcObject === stream) return;
    for (const other of this.exams) if (other.srcObject === stream) other.srcObject = null;
    video.srcObject = stream;
    waiting(video, true);
    whenShown(video, () => performance.mark('device-frame'));
  }

  #play() {
    this.patient.play().then(
      () => (this.sound.hidden = true),
      (error) => (this.sound.hidden = error.name !== 'NotAllowedError'),
    );
  }

  /**
   * A button that stops sending one kind of track and starts again.
   * @param {'microphone' | 'camera'} id
   * @param {string} off
   * @param {string} on
   */
  #toggle(id, off, on) {
    const button = byId(id, HTMLButtonElement);
    button.addEventListener('click', () => {
      const silent = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(silent));
      this.#send();
      button.lastChild?.replaceWith(say(silent ? on : off));
    });
  }

  /** A pause: nothing of ours is sent, and nothing of the patient is heard or seen. @param {boolean} on */
  rest(on) {
    if (on === this.#rests) return;
    this.#rests = on;
    this.patient.muted = on;
    this.#send();
  }

  #send() {
    for (const track of this.#own?.getTracks() ?? []) {
      const button = byId(track.kind === 'audio' ? 'microphone' : 'camera', HTMLButtonElement);
      track.enabled = !this.#rests && button.getAttribute('aria-pressed') !== 'true';
    }
  }

  /** Stop and forget everything. */
  clear() {
    for (const track of this.#own?.getTracks() ?? []) track.stop();
    this.#own = null;
    for (const video of document.querySelectorAll('video')) video.srcObject = null;
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {() => void} then
 */
function whenShown(video, then) {
  video.requestVideoFrameCallback(() => {
    waiting(video, false);
    then();
  });
}

/**
 * @param {HTMLVideoElement} video
 * @param {boolean} on
 */
function waiting(video, on) {
  const said = video.parentElement?.querySelector('[data-waiting]');
  if (said instanceof HTMLElement) said.hidden = !on;
}

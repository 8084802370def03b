// @ts-check
/** Everybody's picture with name and role below; the doctor's is the big one. */
import { say } from './words.js';

/** @typedef {import('/static/js/peer.js').Partner} Partner */

export class Faces {
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /**
   * @param {HTMLElement} place
   * @param {(blocked: boolean) => void} onSound whether the browser lets nothing be heard before a press
   */
  constructor(place, onSound) {
    this.place = place;
    this.onSound = onSound;
  }

  /** @param {string} peerId @param {MediaStream | null} stream @param {Partner} partner */
  show(peerId, stream, partner) {
    if (!stream) return this.#drop(peerId);
    const face = this.#shown.get(peerId) ?? this.#make(peerId, partner.role);
    caption(face, partner.name, say(`guest.role.${partner.role}`));
    const video = /** @type {HTMLVideoElement} */ (face.querySelector('video'));
    if (video.srcObject !== stream) video.srcObject = stream;
    this.play();
    return undefined;
  }

  /** One's own, without sound. @param {MediaStream | null} stream */
  showOwn(stream) {
    const face = this.#shown.get('own') ?? this.#make('own', 'own');
    caption(face, say('guest.js.own'), '');
    const video = /** @type {HTMLVideoElement} */ (face.querySelector('video'));
    video.muted = true;
    video.srcObject = stream;
    face.hidden = !stream?.getVideoTracks().length;
    return face;
  }

  /** @param {string} peerId @param {string} role */
  #make(peerId, role) {
    const face = document.createElement('figure');
    const video = document.createElement('video');
    Object.assign(video, { autoplay: true, playsInline: true });
    const none = document.createElement('p');
    none.className = 'no-face';
    none.textContent = say('guest.js.no_picture');
    face.append(video, none, document.createElement('figcaption'));
    Object.assign(face.dataset, { peer: peerId, role });
    const seen = () => {
      none.hidden = true;
    };
    video.addEventListener('playing', () => video.videoWidth && seen());
    video.addEventListener('resize', () => (none.hidden = video.videoWidth > 0));
    this.#shown.set(peerId, face);
    this.place.append(face);
    return face;
  }

  /** An end sends no picture at the moment, or again. @param {string} peerId @param {boolean} off */
  blank(peerId, off) {
    const none = this.#shown.get(peerId)?.querySelector('.no-face');
    if (none instanceof HTMLElement) none.hidden = !off;
  }

  /** Sound at last, after a press. */
  play() {
    for (const video of this.place.querySelectorAll('video')) {
      video.play().then(
        () => this.onSound(false),
        (error) => error.name === 'NotAllowedError' && this.onSound(true),
      );
    }
  }

  /** @param {string} peerId */
  #drop(peerId) {
    const face = this.#shown.get(peerId);
    const video = face?.querySelector('video');
    if (video) video.srcObject = null;
    face?.remove();
    this.#shown.delete(peerId);
  }

  clear() {
    for (const peerId of [...this.#shown.keys()]) this.#drop(peerId);
  }
}

/** @param {HTMLElement} face @param {string} name @param {string} role */
function caption(face, name, role) {
  const strong = document.createElement('strong');
  strong.textContent = name || role;
  const small = document.createElement('span');
  small.textContent = name ? role : '';
  face.querySelector('figcaption')?.replaceChildren(strong, small);
}

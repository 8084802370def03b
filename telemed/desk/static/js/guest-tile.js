// @ts-check
/** A guest's picture beside those of the room, with name and role. Whoever interprets stands first. */
import { byId, say } from './words.js';

const PLACES = ['guest-1', 'guest-2', 'guest-3'];

export class GuestTile {
  /** @param {{name: string, role: string}} guest */
  constructor({ name, role }) {
    const copy = /** @type {DocumentFragment} */ (byId('guest-tile', HTMLTemplateElement).content.cloneNode(true));
    this.tiles = byId('tiles', HTMLElement);
    this.root = /** @type {HTMLElement} */ (copy.querySelector('figure'));
    this.video = /** @type {HTMLVideoElement} */ (this.root.querySelector('video'));
    const button = /** @type {HTMLElement} */ (this.root.querySelector('button'));
    const place = PLACES.find((each) => !this.tiles.querySelector(`[data-tile="${each}"]`)) ?? '';
    Object.assign(this.root.dataset, { tile: place, role });
    button.dataset.enlarge = place;
    button.textContent = [name, say(`desk.js.as.${role}`)].filter(Boolean).join(', ');
    this.tiles.append(this.root);
  }

  /** @param {MediaStream | null} stream */
  show(stream) {
    this.video.srcObject = stream;
    if (stream) this.video.play().catch((error) => console.warn('guest', error.name));
  }

  gone() {
    this.video.srcObject = null;
    if (this.tiles.dataset.big === this.root.dataset.tile) this.tiles.dataset.big = 'patient';
    this.root.remove();
  }
}

// @ts-check
/** The pictures that the doctor hands over. In this page's memory only; each can be taken out again. */
import { media } from './bundle.js';
import { made } from './made.js';
import { byId, say } from './words.js';

/** @typedef {{id: string, blob: Blob, width: number, height: number, title: string, takenAt: string}} Picture *takenAt*: ISO 8601 */

export class Pictures {
  /** @type {Map<string, {picture: Picture, row: HTMLElement, saved: boolean}>} */
  #kept = new Map();

  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.list = byId('handed-pictures', HTMLElement);
  }

  get unsaved() {
    return [...this.#kept.values()].some(({ saved }) => !saved);
  }

  get count() {
    return this.#kept.size;
  }

  /** @param {Picture} picture */
  keep(picture) {
    const row = made('li', { className: 'handed' }, '');
    const away = made('button', { type: 'button', className: 'second' }, say('desk.js.picture.away'));
    away.ariaLabel = `${say('desk.js.picture.away')}: ${picture.title}`;
    away.addEventListener('click', () => this.#away(picture.id));
    row.append(made('span', {}, picture.title), away);
    this.list.append(row);
    this.#kept.set(picture.id, { picture, row, saved: false });
    this.changed();
  }

  /** @param {string} id */
  #away(id) {
    this.#kept.get(id)?.row.remove();
    this.#kept.delete(id);
    this.changed();
  }

  /** This picture alone was saved as a file. @param {string} id */
  saved(id) {
    const kept = this.#kept.get(id);
    if (kept) kept.saved = true;
  }

  /** All that are here now were saved. */
  allSaved() {
    for (const kept of this.#kept.values()) kept.saved = true;
  }

  /**
   * As FHIR resources.
   * @param {string} visitId
   */
  resources(visitId) {
    const all = [...this.#kept.values()].map(async ({ picture }) => {
      const { blob, ...told } = picture;
      return media({ ...told, mime: blob.type, base64: await base64Of(blob) }, visitId);
    });
    return Promise.all(all);
  }

  /** Forget everything. */
  clear() {
    this.list.replaceChildren();
    this.#kept.clear();
  }
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>}
 */
function base64Of(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(String(reader.result).replace(/^[^,]*,/, '')));
    reader.addEventListener('error', () => failed(reader.error));
    reader.readAsDataURL(blob);
  });
}

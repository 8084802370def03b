// @ts-check
/** Still pictures: asked for, seen small at once, large when every byte is here and the hash is right. */
import { made } from './made.js';
import { byId, known, onTheClock, say } from './words.js';

/** @typedef {import('./devices.js').Devices} Devices */
/** @typedef {'preview' | 'full'} PartName */
/**
 * @typedef {object} StillOffered as schemas/measurement.py says
 * @property {string} still_id
 * @property {PartName} part
 * @property {number} number
 * @property {string} camera
 * @property {boolean} simulated
 * @property {string} sha256
 * @property {number} size
 * @property {'image/jpeg' | 'image/png'} mime
 * @property {number} width
 * @property {number} height
 * @property {string} taken_at
 * @property {Record<string, string>} [settings]
 */
/** @typedef {{offer: StillOffered, bytes: Uint8Array<ArrayBuffer>, got: number, told: number, whole: boolean, again: boolean}} Part */
/** @typedef {{card: HTMLElement, said: HTMLElement, picture: HTMLCanvasElement, save: HTMLAnchorElement, name: string, parts: Map<PartName, Part>}} Still */

const HEADER_BYTES = 12;
const LARGEST_BYTES = 64 * 1024 * 1024;
const ACK_BYTES = 256 * 1024;
const SUFFIX = { 'image/jpeg': 'jpg', 'image/png': 'png' };

export class Stills {
  /** @type {Map<string, Still>} */
  #stills = new Map();
  /** @type {Map<number, Part>} */
  #numbers = new Map();

  /**
   * @param {(message: Parameters<Devices['say']>[0]) => void} tell
   * @param {import('./pictures.js').Pictures} [pictures] what is handed over: every whole still, until it is taken out
   */
  constructor(tell, pictures) {
    this.tell = tell;
    this.pictures = pictures;
  }

  /**
   * @param {string} camera
   * @param {string} name
   */
  take(camera, name) {
    const id = crypto.randomUUID();
    this.#stills.set(id, this.#card(id, name));
    this.tell({ type: 'take-still', still_id: id, camera });
  }

  /**
   * @param {string} id
   * @param {string} name
   * @returns {Still}
   */
  #card(id, name) {
    const card = made('li', { className: 'still' }, '');
    card.dataset.still = id;
    const picture = made('canvas', { hidden: true, role: 'img', ariaLabel: name }, '');
    const said = made('p', { role: 'status' }, say('desk.js.still.taking', { name }));
    const save = made('a', { className: 'button second', hidden: true }, say('desk.js.still.save'));
    card.append(picture, said, save);
    byId('stills', HTMLElement).prepend(card);
    byId('stills-note', HTMLElement).hidden = false;
    return { card, said, picture, save, name, parts: new Map() };
  }

  /**
   * @param {StillOffered} offer
   * @returns {boolean} whether it keeps the contract
   */
  offered(offer) {
    const still = this.#stills.get(offer.still_id);
    if (!still) return true; // of another page of this doctor
    if (offer.size > LARGEST_BYTES) return false;
    const known = still.parts.get(offer.part);
    const part = known?.offer.sha256 === offer.sha256 ? known : fresh(offer);
    part.offer = offer;
    still.parts.set(offer.part, part);
    this.#numbers.set(offer.number, part);
    return true;
  }

  /**
   * A piece of a part.
   * @param {ArrayBuffer} data
   * @returns {boolean} whether it keeps the contract
   */
  hear(data) {
    if (data.byteLength <= HEADER_BYTES) return false;
    const header = new DataView(data, 0, HEADER_BYTES);
    const part = this.#numbers.get(header.getUint32(0, true));
    if (!part) return true; // of another page, or skipped
    const piece = new Uint8Array(data, HEADER_BYTES);
    const offset = Number(header.getBigUint64(4, true));
    if (offset !== part.got || offset + piece.length > part.bytes.length) return false;
    part.bytes.set(piece, offset);
    part.got += piece.length;
    if (part.got === part.bytes.length) this.#check(part);
    else if (part.got - part.told >= ACK_BYTES) this.#acknowledge(part);
    return true;
  }

  /** @param {Part} part */
  async #check(part) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', part.bytes));
    const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const still = this.#stills.get(part.offer.still_id);
    if (!still) return;
    if (hex === part.offer.sha256) {
      part.whole = true;
      this.#acknowledge(part);
      await this.#show(still, part);
    } else if (!part.again) {
      Object.assign(part, { got: 0, told: 0, again: true });
      this.#resume(part);
    } else still.said.textContent = say('desk.js.still.failed.spoilt', { name: still.name });
  }

  /** @param {Part} part */
  #acknowledge(part) {
    part.told = part.got;
    this.tell({ type: 'still-ack', still_id: part.offer.still_id, part: part.offer.part, offset: part.got });
  }

  /** @param {Part} part */
  #resume({ offer, got }) {
    this.tell({ type: 'still-resume', still_id: offer.still_id, part: offer.part, offset: got });
  }

  /** On a new connection: go on with what is not whole. */
  resume() {
    this.#numbers.clear();
    for (const [id, { parts, card }] of this.#stills) {
      if (card.dataset.failed) continue;
      for (const name of /** @type {PartName[]} */ (['preview', 'full'])) {
        const part = parts.get(name);
        if (!part) this.tell({ type: 'still-resume', still_id: id, part: name, offset: 0 });
        else if (!part.whole) this.#resume(part);
      }
    }
  }

  /**
   * @param {Still} still
   * @param {Part} part
   */
  async #show(still, { offer, bytes }) {
    if (offer.part === 'preview' && still.parts.get('full')?.whole) return;
    const blob = new Blob([bytes], { type: offer.mime });
    const bitmap = await createImageBitmap(blob).catch(() => null);
    if (!bitmap) {
      still.said.textContent = say('desk.js.still.failed.spoilt', { name: still.name });
      return;
    }
    Object.assign(still.picture, { width: bitmap.width, height: bitmap.height, hidden: false });
    still.picture.getContext('2d')?.drawImage(bitmap, 0, 0);
    bitmap.close();
    still.card.dataset.part = offer.part;
    still.said.textContent = caption(still.name, offer);
    if (offer.simulated && !still.card.querySelector('.chip')) {
      still.said.after(made('span', { className: 'chip chip-warn' }, say('desk.js.simulated')));
    }
    if (offer.part === 'full') this.#offerToSave(still, blob, offer);
  }

  /**
   * @param {Still} still
   * @param {Blob} blob
   * @param {StillOffered} offer
   */
  #offerToSave({ save, card, name }, blob, offer) {
    save.href = URL.createObjectURL(blob);
    save.download = `${offer.camera}-${offer.taken_at.slice(0, 19).replaceAll(':', '')}.${SUFFIX[offer.mime]}`;
    save.hidden = false;
    save.addEventListener('click', () => this.pictures?.saved(offer.still_id));
    card.dataset.whole = 'true';
    const { still_id: id, width, height, taken_at: takenAt } = offer;
    this.pictures?.keep({ id, blob, width, height, takenAt, title: caption(name, offer) });
  }

  /** @param {{still_id: string, reason: string}} failed */
  failed({ still_id: id, reason }) {
    const still = this.#stills.get(id);
    if (!still || still.card.dataset.whole) return;
    const key = known(`desk.js.still.failed.${reason}`) ? `desk.js.still.failed.${reason}` : 'desk.js.still.failed.unknown';
    still.said.textContent = say(key, { name: still.name });
    still.card.dataset.failed = reason;
  }

  /** Forget every picture. */
  clear() {
    for (const { save } of this.#stills.values()) if (save.href) URL.revokeObjectURL(save.href);
    byId('stills', HTMLElement).replaceChildren();
    this.#stills.clear();
    this.#numbers.clear();
  }
}

/**
 * @param {StillOffered} offer
 * @returns {Part}
 */
function fresh(offer) {
  return { offer, bytes: new Uint8Array(offer.size), got: 0, told: 0, whole: false, again: false };
}

/**
 * Whose it is, how large, and how the camera was set.
 * @param {string} name
 * @param {StillOffered} offer
 */
function caption(name, offer) {
  const { part, width, height, taken_at: at, settings } = offer;
  if (part === 'preview') return say('desk.js.still.preview', { name });
  const time = onTheClock(Date.parse(at));
  const set = Object.entries(settings ?? {}).map(([what, value]) => {
    const words = known(`desk.js.still.setting.${what}`) ? say(`desk.js.still.setting.${what}`) : what;
    return `${words}: ${known(`desk.js.still.is.${value}`) ? say(`desk.js.still.is.${value}`) : value}`;
  });
  return [say('desk.js.still.whole', { name, width, height, time }), ...set].join('; ');
}

// @ts-check
/** From a home visit on to one in a room: doctor and resident agree on a time in the talk, and one press books it. */
import { toBase64 } from '/static/js/base64.js';
import { byId, say } from './words.js';

/** @typedef {{offer: string, said: string}} Time */

export class ToRoom {
  /** A repeat is harmless. */
  #requestId = toBase64(crypto.getRandomValues(new Uint8Array(32)));

  /** @param {string} visitId */
  constructor(visitId) {
    this.path = `/arzt/besuch/${visitId}/raum`;
    this.dialog = byId('to-room-dialog', HTMLDialogElement);
    byId('to-room-open', HTMLButtonElement).addEventListener('click', () => this.#open());
    byId('to-room-close', HTMLButtonElement).addEventListener('click', () => this.dialog.close());
  }

  async #open() {
    byId('to-room-failed', HTMLElement).hidden = true;
    if (!this.dialog.open) this.dialog.showModal();
    const times = /** @type {Time[] | null} */ (await asked(this.path, { headers: { accept: 'application/json' } }));
    byId('to-room-failed', HTMLElement).hidden = times !== null;
    byId('to-room-none', HTMLElement).hidden = times === null || times.length > 0;
    byId('to-room-times', HTMLElement).replaceChildren(...(times ?? []).map((time, place) => this.#button(time, place)));
  }

  /** @param {Time} time @param {number} place */
  #button(time, place) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', textContent: time.said, className: place ? 'second' : '' });
    button.addEventListener('click', () => this.#book(time));
    return button;
  }

  /** @param {Time} time */
  async #book({ offer }) {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const body = JSON.stringify({ offer, request_id: this.#requestId });
    const booked = /** @type {Time | null} */ (await asked(this.path, { method: 'POST', headers, body }));
    if (!booked) {
      await this.#open();
      byId('to-room-failed', HTMLElement).hidden = false;
      return;
    }
    this.dialog.close();
    const done = byId('to-room-done', HTMLElement);
    /** @type {HTMLElement} */ (done.querySelector('span')).textContent = say('home.js.booked', { when: booked.said });
    done.hidden = false;
    byId('to-room-open', HTMLButtonElement).hidden = true;
  }
}

/** @param {string} path @param {RequestInit} how @returns {Promise<any>} null when it was refused or nobody answered */
async function asked(path, how) {
  try {
    const answer = await fetch(path, how);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

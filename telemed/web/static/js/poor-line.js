/**
 * The line is poor and a smaller picture was not enough: the people in the talk say how to go on. Nobody is ever hung up.
 *
 * The page has buttons (`data-poor`) in one place: four beside the question (`data-poor-asks`), with a text (`data-told`) for
 * each that leads elsewhere, and one to have the pictures again (`data-poor-off`).
 */

import { Adaptation } from './adaptation.js';

/** @typedef {import('./adaptation.js').Hooks} Hooks */
/** @typedef {import('./conversation.js').Conversation} Conversation */
/** @typedef {import('./peer.js').Partner} Partner */
/** @typedef {'go-on' | 'no-picture' | 'picture' | 'telephone' | 'another-day'} Choice */

export class PoorLine {
  #peerId = '';
  /** The pictures are off because people wanted it so. */
  #off = false;
  #listens = new AbortController();

  /**
   * @param {Conversation} talk
   * @param {HTMLElement} place
   * @param {(partner: Partner) => boolean} matters whose line people are asked about
   * @param {Hooks['onLine']} [onLine]
   */
  constructor(talk, place, matters, onLine) {
    this.place = place;
    this.matters = matters;
    this.adaptation = new Adaptation(talk, { onAsk: (peerId, asks) => this.#ask(talk, peerId, asks), onLine });
    talk.on({
      onTalk: (peerId, message) => this.adaptation.hear(peerId, message),
      onParted: (peerId) => peerId === this.#peerId && this.#parted(),
    });
    place.addEventListener('click', (event) => this.#pressed(event.target), { signal: this.#listens.signal });
    this.#show(false);
  }

  /** @param {Conversation} talk @param {string} peerId @param {boolean} asks */
  #ask(talk, peerId, asks) {
    if (!talk.partners.some((partner) => partner.peer_id === peerId && this.matters(partner))) return;
    this.#peerId = peerId;
    this.#show(asks);
  }

  #parted() {
    this.#off = false;
    this.#show(false);
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    const button = target instanceof HTMLElement ? target.closest('[data-poor]') : null;
    if (button instanceof HTMLElement) this.#chosen(/** @type {Choice} */ (button.dataset.poor));
  }

  /** @param {Choice} choice */
  #chosen(choice) {
    if (choice === 'telephone' || choice === 'another-day') return this.#tell(choice); // the talk goes on meanwhile
    this.#off = choice === 'no-picture';
    this.adaptation.choose(this.#peerId, this.#off ? 'off' : 'full');
    return this.#show(false);
  }

  /** @param {boolean} asks */
  #show(asks) {
    this.place.hidden = !asks && !this.#off;
    this.#part('[data-poor-asks]').hidden = !asks;
    this.#part('[data-poor-off]').hidden = asks || !this.#off;
    this.#tell('');
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.place.querySelector(selector));
  }

  /** @param {Choice | ''} choice */
  #tell(choice) {
    for (const told of this.place.querySelectorAll('[data-told]')) {
      if (told instanceof HTMLElement) told.hidden = told.dataset.told !== choice;
    }
  }

  close() {
    this.#listens.abort();
    this.adaptation.close();
    this.#parted();
  }
}

// @ts-check
/** The talk follows its line by itself; where that is not enough, the people in it say how to go on. Nobody is hung up. */
import { Adaptation } from '/static/js/adaptation.js';
import { isPatientsEnd } from './ends.js';
import { byId } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */

export class PoorLine {
  #peerId = '';

  /** @param {Conversation} talk */
  constructor(talk) {
    this.adaptation = new Adaptation(talk, { onAsk: (peerId, asks) => this.#ask(talk, peerId, asks) });
    talk.on({
      onTalk: (peerId, message) => this.adaptation.hear(peerId, message),
      onParted: (peerId) => this.#gone(peerId),
    });
    byId('poor-go-on', HTMLButtonElement).addEventListener('click', () => this.#choose('full'));
    byId('poor-no-picture', HTMLButtonElement).addEventListener('click', () => this.#choose('off'));
    byId('poor-telephone', HTMLButtonElement).addEventListener('click', () => this.#tell('poor-number'));
    byId('poor-another-day', HTMLButtonElement).addEventListener('click', () => this.#tell('poor-date'));
  }

  /** @param {Conversation} talk @param {string} peerId @param {boolean} asks */
  #ask(talk, peerId, asks) {
    if (!talk.partners.some((partner) => partner.peer_id === peerId && isPatientsEnd(partner))) return;
    this.#peerId = peerId;
    byId('poor', HTMLElement).hidden = !asks;
  }

  /** @param {'full' | 'off'} picture */
  #choose(picture) {
    this.adaptation.choose(this.#peerId, picture);
    byId('poor', HTMLElement).hidden = true;
  }

  /** How it goes on elsewhere; the call stays up until the doctor ends it. @param {'poor-number' | 'poor-date'} what */
  #tell(what) {
    for (const id of ['poor-number', 'poor-date']) byId(id, HTMLElement).hidden = id !== what;
  }

  /** @param {string} peerId */
  #gone(peerId) {
    if (peerId === this.#peerId) byId('poor', HTMLElement).hidden = true;
  }

  clear() {
    this.adaptation.close();
  }
}

// @ts-check
/**
 * A sheet for after the visit, in the call: the doctor's page of it is another tab of this browser, which tells this one
 * what was sealed; from here it goes end to end to the patient, and again to an end that comes anew.
 */
import { isPatientsEnd } from './ends.js';

/** @typedef {import('/static/js/talk.js').TakeHome} TakeHome */

export class GiveAlong {
  /** @type {TakeHome | null} */
  #given = null;
  #channel = new BroadcastChannel('telemed-aftercare');

  /**
   * @param {import('/static/js/conversation.js').Conversation} talk
   * @param {string} visit
   */
  constructor(talk, visit) {
    this.talk = talk;
    this.visit = visit;
    this.#channel.addEventListener('message', ({ data }) => data?.type === 'sheet' && data.visit === visit && this.#give(data));
    talk.on({ onOpen: (peerId, partner) => isPatientsEnd(partner) && this.#given && this.#tell([peerId]) });
    this.#channel.postMessage({ type: 'ask', visit });
  }

  /** @param {{link: string, sheet: TakeHome['sheet']}} sheet */
  #give({ link, sheet }) {
    this.#given = { type: 'take-home', link, sheet };
    this.#tell(this.talk.partners.filter(isPatientsEnd).map(({ peer_id: peerId }) => peerId));
  }

  /** @param {string[]} peerIds */
  #tell(peerIds) {
    const given = this.#given;
    const reached = given ? peerIds.map((each) => this.talk.send(given, each)).includes(true) : false;
    this.#channel.postMessage({ type: 'told', visit: this.visit, reached });
  }

  close() {
    this.#channel.close();
    this.#given = null;
  }
}

// @ts-check
/**
 * The roll-call on the doctor's side: who is here, who is in the room, and that each knows it of the other; said by the
 * room itself, or noted here as it was said aloud.
 */
import { RollCall } from '/static/js/rollcall.js';
import { isPatientsEnd } from './ends.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/talk.js').Person} Person */

/** Nobody writes longer names. */
const LONGEST = 80;
const MOST = 8;

export class RollCallPanel {
  /** Who is at the patient's end. @type {Partner | null} */
  #far = null;
  /** This doctor has confirmed who is there. */
  #confirmed = false;
  /** The room's agent says that both sides have. */
  #introduced = false;

  /**
   * @param {Conversation} talk
   * @param {() => void} introduced what is to be said to the room's agent
   */
  constructor(talk, introduced) {
    this.introduced = introduced;
    this.box = byId('rollcall', HTMLDetailsElement);
    this.roll = new RollCall(
      talk.signalling.peerId,
      (message, peerId) => talk.send(message, peerId),
      () => this.#show(),
    );
    talk.on({
      onOpen: (peerId, partner) => this.#came(peerId, partner),
      onTalk: (_peer, message, partner) => this.roll.heard(partner, message),
      onParted: (peerId) => this.#went(peerId),
    });
    byId('rollcall-confirm', HTMLButtonElement).addEventListener('click', () => this.#confirm());
    byId('rollcall-noted', HTMLButtonElement).addEventListener('click', () => this.#note());
    this.#show();
  }

  /** The doctor comes in: it is the first thing to do. */
  open() {
    this.box.open = !this.#introduced;
    this.#show();
  }

  /** @param {string} peerId @param {Partner} partner */
  #came(peerId, partner) {
    if (isPatientsEnd(partner)) this.#far = partner;
    if (partner.role !== 'agent') this.roll.opened(peerId);
    this.#show();
  }

  /** @param {string} peerId */
  #went(peerId) {
    if (this.#far?.peer_id === peerId) this.#far = null;
    this.roll.parted(peerId);
  }

  /** Who is with the doctor, herself first; whose name the roster knows. @returns {Person[]} */
  #here() {
    const others = byId('rollcall-others', HTMLInputElement).value.split(',').map((name) => name.trim().slice(0, LONGEST));
    const staff = others.filter(Boolean).slice(0, MOST).map((name) => ({ relation: 'staff', name }));
    return [{ relation: 'doctor', name: '' }, ...staff];
  }

  #confirm() {
    if (!this.#far) return;
    this.roll.name(this.#here());
    this.roll.confirm(this.#far.peer_id);
    this.#done();
  }

  #note() {
    if (!this.#far) return;
    const also = /** @type {NodeListOf<HTMLInputElement>} */ (this.box.querySelectorAll('[name="rollcall-room"]:checked'));
    this.roll.name(this.#here());
    this.roll.note(this.#far.peer_id, ['patient', ...[...also].map(({ value }) => value)].map((relation) => ({ relation, name: '' })));
    this.#done();
  }

  #done() {
    this.#confirmed = true;
    this.introduced();
    this.#show();
  }

  /** The room's agent says whether both sides are introduced. @param {boolean} introduced */
  gate(introduced) {
    if (introduced && !this.#introduced) this.box.open = false;
    this.#introduced = introduced;
    if (!introduced && this.#confirmed) this.introduced(); // an agent that began anew does not know it
    this.#show();
  }

  /** Why nothing can be confirmed yet, and what to do. @param {boolean} may */
  #why(may) {
    const place = byId('rollcall-why', HTMLElement);
    place.hidden = may;
    const unreleased = !this.#far && !byId('unreleased', HTMLElement).hidden;
    place.textContent = may ? '' : say(`desk.js.rollcall.why.${unreleased ? 'unreleased' : this.#far ? 'unsaid' : 'room'}`);
  }

  #show() {
    const far = this.#far ? this.roll.people(this.#far.peer_id) : null;
    const list = far?.map(({ relation, name }) => (name ? `${name} (${say(`desk.js.relation.${relation}`)})` : say(`desk.js.relation.${relation}`)));
    byId('rollcall-room', HTMLElement).textContent = list?.join(', ') ?? say(this.#far ? 'desk.js.rollcall.unsaid' : 'desk.js.rollcall.nobody');
    byId('rollcall-confirm', HTMLButtonElement).disabled = !far;
    this.#why(Boolean(far));
    byId('rollcall-noted', HTMLButtonElement).disabled = !this.#far;
    const waits = this.#confirmed && !this.#introduced;
    const done = this.#introduced || (this.#far?.role === 'resident' && this.#confirmed);
    const chip = byId('rollcall-state', HTMLElement);
    chip.className = `chip chip-${done ? 'ok' : 'warn'}`;
    const key = done ? 'done' : waits ? 'waits' : 'open';
    if (chip.dataset.state !== key) chip.textContent = say(`desk.js.rollcall.${key}`);
    chip.dataset.state = key;
  }
}

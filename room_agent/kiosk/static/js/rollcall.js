/**
 * The roll-call in the room: who is here, and who is at the other end. Two touches; none when the doctor has noted what
 * was said aloud. Who comes or goes later is announced.
 */

import { RollCall } from '/static/js/rollcall.js';
import { isTalker } from '/static/js/conversation.js';
import { announce, hush } from './announce.js';
import { words } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/talk.js').Person} Person */
/** @typedef {import('/static/js/talk.js').Talk} Talk */

/** Who is here, by the button that says so. @type {Record<string, string[]>} */
const HERE = {
  alone: ['patient'],
  relative: ['patient', 'relative'],
  assistant: ['patient', 'assistant'],
  both: ['patient', 'relative', 'assistant'],
};

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** A name with what somebody is. @param {{name: string}} somebody @param {string} what a catalogue key */
function named({ name }, what) {
  return name ? `${name} (${words(what)})` : words(what);
}

export class RollCallScreen {
  /** @type {Conversation | null} */
  #talk = null;
  /** @type {RollCall | null} */
  #roll = null;
  /** The doctor whom one talks to. @type {Partner | null} */
  #doctor = null;
  /** What was announced of each end's people. @type {Map<string, string>} */
  #said = new Map();
  #introduced = false;

  /** @param {() => void} introduced what is to be said to the agent: here everybody is named and known */
  constructor(introduced) {
    this.introduced = introduced;
    for (const button of by('rollcall').querySelectorAll('[data-people]')) {
      button.addEventListener('click', () => this.#here(/** @type {HTMLElement} */ (button).dataset.people ?? ''));
    }
    by('rollcall-yes').addEventListener('click', () => this.#doctor && this.#roll?.confirm(this.#doctor.peer_id));
  }

  /** A talk begins. @param {Conversation} talk */
  meet(talk) {
    this.clear();
    this.#talk = talk;
    this.#roll = new RollCall(
      talk.signalling.peerId,
      (message, peerId) => talk.send(message, peerId),
      () => this.#changed(),
    );
    talk.on({
      onOpen: (peerId, partner) => talk === this.#talk && isTalker(partner) && this.#came(peerId, partner),
      onTalk: (_peer, message, partner) => talk === this.#talk && this.#heard(partner, message),
      onParted: (peerId, partner) => talk === this.#talk && isTalker(partner) && this.#went(peerId, partner),
    });
  }

  /** @param {import('./line.js').Show} show */
  update(show) {
    this.#introduced = show.introduced ?? false;
    if (!this.#introduced && this.#isDone) this.introduced(); // an agent that began anew does not know it
    this.#changed();
  }

  get #isDone() {
    return this.#doctor !== null && (this.#roll?.isIntroduced(this.#doctor.peer_id) ?? false);
  }

  /** @param {string} which */
  #here(which) {
    this.#roll?.name((HERE[which] ?? []).map((relation) => ({ relation, name: '' })));
  }

  /** @param {string} peerId @param {Partner} partner */
  #came(peerId, partner) {
    const isNew = !this.#said.has(peerId);
    if (partner.role === 'doctor') this.#doctor = partner;
    this.#roll?.opened(peerId);
    if (isNew) {
      this.#said.set(peerId, '');
      announce(words('kiosk.comes').replace('{who}', named(partner, `kiosk.role.${partner.role}`)));
    }
    this.#changed();
  }

  /** @param {string} peerId @param {Partner} partner */
  #went(peerId, partner) {
    if (this.#doctor?.peer_id === peerId) this.#doctor = null;
    if (this.#said.delete(peerId)) {
      announce(words('kiosk.goes').replace('{who}', named(partner, `kiosk.role.${partner.role}`)));
    }
    this.#roll?.parted(peerId);
  }

  /** @param {Partner} partner @param {Talk} message */
  #heard(partner, message) {
    const me = this.#talk?.signalling.peerId ?? '';
    this.#roll?.heard(partner, message);
    if (message.type !== 'people') return;
    const list = message.people.map((person) => named(person, `kiosk.relation.${person.relation}`)).join(', ');
    if (message.of === me && message.noted) announce(words('kiosk.rollcall.noted').replace('{who}', list));
    else if (this.#introduced && this.#said.get(message.of) !== list) {
      announce(words('kiosk.rollcall.changed').replace('{who}', list));
    }
    if (this.#said.has(message.of)) this.#said.set(message.of, list);
  }

  #changed() {
    const doctor = this.#doctor;
    const far = doctor ? (this.#roll?.people(doctor.peer_id) ?? null) : null;
    const mine = this.#roll?.people(this.#talk?.signalling.peerId ?? '') ?? null;
    const step = !mine ? 'near' : far && doctor && !this.#roll?.isKnown(this.#roll.me, doctor.peer_id) ? 'far' : 'wait';
    by('rollcall').hidden = !doctor || this.#introduced;
    for (const part of by('rollcall').querySelectorAll('[data-rollcall]')) {
      if (part instanceof HTMLElement) part.hidden = part.dataset.rollcall !== step;
    }
    if (doctor && far) this.#listFar(doctor, far);
    if (this.#isDone && !this.#introduced) this.introduced();
  }

  /** @param {Partner} doctor @param {Person[]} people */
  #listFar(doctor, people) {
    const [first, ...others] = people;
    const all = [
      named({ name: first?.name || doctor.name }, 'kiosk.role.doctor'),
      ...others.map((person) => named(person, `kiosk.relation.${person.relation}`)),
    ];
    const items = all.map((text) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    });
    by('rollcall-far').replaceChildren(...items);
  }

  /** Forget everybody. */
  clear() {
    this.#talk = this.#roll = this.#doctor = null;
    this.#said.clear();
    by('rollcall-far').replaceChildren();
    by('rollcall').hidden = true;
    for (const part of by('rollcall').querySelectorAll('[data-rollcall]')) part.setAttribute('hidden', '');
    hush();
  }
}

// @ts-check
/** Who is at the other ends of the doctor's call: everything is ready before the click, and nobody untrusted gets in. */
import { Conversation, isTalker } from '/static/js/conversation.js';
import { RedScreen, showPictures } from '/static/js/distrust.js';
import { operatorKeys, ownKey, publicKey, roster } from '/static/js/keys.js';
import { SignallingSocket } from '/static/js/signalling.js';
import { picturesOfKey } from '/static/js/trust.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/signalling.js').SignallingEvent} SignallingEvent */
/** @typedef {import('/static/js/trust.js').Roster} Roster */

/** So often a browser without a signed key looks whether it has one now. */
const LOOK_MS = 1500;
const CHIPS = ['chip-ok', 'chip-warn', 'chip-stop', 'chip-quiet'];

/**
 * @param {string} id
 * @param {string} key
 * @param {'ok' | 'warn' | 'stop' | 'quiet'} mood
 */
export function state(id, key, mood) {
  const chip = byId(id, HTMLElement);
  const words = /** @type {HTMLElement} */ (chip.querySelector('[data-text]'));
  const said = say(key);
  if (words.textContent === said) return;
  chip.classList.remove(...CHIPS);
  chip.classList.add(`chip-${mood}`);
  words.textContent = said;
}

/** The end in the patient's room, or at home. @param {{role: string}} partner */
export function isPatientsEnd({ role }) {
  return role === 'kiosk' || role === 'resident';
}

export class Ends {
  /** @type {Roster | null} */
  #roster = null;
  #looking = 0;
  ownKey = '';
  #over = false;
  /** @type {import('/static/js/peer.js').Pulse} */
  #pulse = 'none';

  /**
   * @param {string} visitId
   * @param {(event: SignallingEvent) => void} onEvent after the conversation has heard it
   * @param {() => void} onDistrust the room's end was not trusted: no picture stays
   */
  constructor(visitId, onEvent, onDistrust) {
    this.visitId = visitId;
    this.onDistrust = onDistrust;
    this.red = new RedScreen(byId('distrust', HTMLDialogElement));
    this.signalling = new SignallingSocket(`/signalling/${visitId}`, (event) => {
      this.talk.handle(event);
      this.#whoIsHere(event);
      onEvent(event);
    });
    this.talk = new Conversation(this.signalling, {
      me: { visitId, role: 'doctor', keys: ownKey() },
      roomId: byId('visit', HTMLElement).dataset.roomId || null,
      roster: () => this.#roster,
      fresher: () => this.#ask(),
      onState: (_peer, connection, partner) => this.#began(connection, partner),
      onSilence: (peerId, pulse, partner) => isPatientsEnd(partner) && this.#heard(peerId, pulse),
      onPictures: (_peer, names, partner) => isPatientsEnd(partner) && this.#compare(names),
      onDistrust: (partner, reason, by) => this.#distrust(partner, reason, by),
      onParted: (_peer, partner) => isPatientsEnd(partner) && this.#alone(),
    });
  }

  /** Key, certificate, roster, line and hellos, before the doctor comes in. */
  async prepare() {
    this.ownKey = await publicKey(await ownKey());
    await this.#ask();
    if (this.#over) return;
    if (this.#isReleased) this.#connect();
    else await this.#unreleased();
  }

  get #isReleased() {
    return this.#roster?.keys.some(({ role, key }) => role === 'doctor' && key === this.ownKey) ?? false;
  }

  async #ask() {
    this.#roster = await roster();
  }

  #connect() {
    byId('unreleased', HTMLElement).hidden = true;
    this.signalling.connect();
  }

  /** The operator has not signed this browser's key yet: he compares six pictures, and signs. */
  async #unreleased() {
    const box = byId('unreleased', HTMLElement);
    showPictures(byId('own-pictures', HTMLElement), await picturesOfKey(this.ownKey), say, 64);
    byId('no-operator', HTMLElement).hidden = (await operatorKeys()).length > 0;
    box.hidden = false;
    const look = async () => {
      await this.#ask();
      if (this.#over) return;
      if (this.#isReleased) this.#connect();
      else this.#looking = window.setTimeout(look, LOOK_MS);
    };
    this.#looking = window.setTimeout(look, LOOK_MS);
  }

  /** The doctor comes in; camera and microphone follow when they are there. */
  enter() {
    state('talk-state', 'desk.js.talk.connecting', 'quiet');
    state('device-state', 'desk.js.devices.connecting', 'quiet');
    this.talk.enter();
  }

  /** @param {MediaStream | null} stream */
  send(stream) {
    for (const track of stream?.getTracks() ?? []) {
      this.talk.replaceTrack(track.kind === 'audio' ? 'audio' : 'video', track);
    }
  }

  /** @param {SignallingEvent} event */
  #whoIsHere(event) {
    if (!this.talk.entered) return;
    if (event.type === 'here' && !event.participants.some(isPatientsEnd)) this.#alone();
    if (event.type === 'left') this.#alone();
  }

  #alone() {
    if (this.#over || this.talk.partners.some(isPatientsEnd)) return;
    const isHome = byId('visit', HTMLElement).classList.contains('at-home');
    state('talk-state', isHome ? 'desk.js.talk.alone_home' : 'desk.js.talk.alone', 'quiet');
    byId('compare', HTMLElement).hidden = true;
  }

  /** @param {RTCPeerConnectionState} connection @param {Partner} partner */
  #began(connection, partner) {
    if (isPatientsEnd(partner) && connection === 'connecting') state('talk-state', 'desk.js.talk.connecting', 'quiet');
  }

  /** @param {string} peerId @param {import('/static/js/peer.js').Pulse} pulse */
  async #heard(peerId, pulse) {
    this.#pulse = pulse;
    if (pulse === 'lost') return state('talk-state', 'desk.js.talk.lost', 'stop');
    if (pulse === 'slow') return state('talk-state', 'desk.js.talk.slow', 'warn');
    return this.looked(peerId);
  }

  /** Which way the sound comes from the patient; it may have changed since. @param {string} peerId */
  async looked(peerId) {
    const partner = this.talk.partners.find((each) => each.peer_id === peerId);
    const path = partner && isPatientsEnd(partner) ? await this.talk.path(peerId) : null;
    if (!path || this.#over || this.#pulse !== 'good') return;
    state('talk-state', path.relayed ? 'desk.js.talk.relayed' : 'desk.js.talk.good', 'ok');
  }

  /** What people on both sides can compare. @param {string[]} names */
  #compare(names) {
    showPictures(byId('compare-pictures', HTMLElement), names, say, 40);
    byId('compare', HTMLElement).hidden = false;
  }

  /**
   * @param {Partner} partner
   * @param {import('/static/js/trust.js').RefusedWhy} reason
   * @param {'us' | 'them'} by
   */
  #distrust(partner, reason, by) {
    if (by === 'us') this.#report(partner.role, reason);
    if (!isPatientsEnd(partner) && partner.role !== 'agent') return; // a guest stays outside
    this.end();
    byId('call', HTMLElement).hidden = byId('before', HTMLElement).hidden = true;
    this.onDistrust();
    this.red.show();
  }

  /** For the audit: the centre is told who was refused and why. @param {string} role @param {string} reason */
  #report(role, reason) {
    const body = JSON.stringify({ role, reason });
    const headers = { 'content-type': 'application/json' };
    fetch(`/arzt/besuch/${this.visitId}/abgewiesen`, { method: 'POST', headers, body, keepalive: true }).catch(() => {});
  }

  /** The talk ends; the room's last values may still come. */
  endTalk() {
    this.talk.close(isTalker);
  }

  /** End all connections for good. */
  end() {
    this.#over = true;
    clearTimeout(this.#looking);
    this.talk.close();
    this.signalling.close();
  }
}

// @ts-check
/** The talk for whoever is not in the room: a guest by invitation, or the resident at home. */
import { Conversation } from '/static/js/conversation.js';
import { showPictures } from '/static/js/distrust.js';
import { PoorLine } from '/static/js/poor-line.js';
import { SignallingSocket } from '/static/js/signalling.js';
import { readRoster } from '/static/js/trust.js';
import { Company } from './company.js';
import { Faces } from './faces.js';
import { keepOfGuest, ofGuest } from './invited.js';
import { GuestDevices } from './guest-devices.js';
import { showTakeHome } from './taken-home.js';
import { Tryout } from './tryout.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/signalling.js').Role} Role */
/** @typedef {import('/static/js/signalling.js').SignallingEvent} SignallingEvent */
/** @typedef {'before' | 'wait' | 'call' | 'list' | 'distrust' | 'over' | 'left' | 'refused' | 'full'} Step */

const POLL_MS = 2000;
const LAST = ['over', 'left', 'refused', 'distrust'];

class Guest {
  /** @type {Conversation | null} */
  #talk = null;
  /** @type {SignallingSocket | null} */
  #signalling = null;
  /** @type {import('/static/js/trust.js').Roster | null} */
  #roster = null;
  /** @type {Step} */
  #step = 'before';
  #poll = 0;
  #door = '';
  /** @type {Company | null} */
  #company = null;
  #name = '';
  /** @type {GuestDevices | null} */
  #devices = null;
  /** @type {PoorLine | null} */
  #poor = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.visitId = root.dataset.visitId ?? '';
    this.role = /** @type {Role} */ (root.dataset.role);
    this.standing = root.dataset.poll ?? '';
    this.isHome = this.role === 'resident';
    this.faces = new Faces(byId('faces', HTMLElement), (blocked) => this.#blocked(blocked));
    this.tryout = this.role === 'organiser' ? null : new Tryout();
    byId('enter-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.enter();
    });
    document.querySelector('#enter-form button')?.removeAttribute('disabled'); // pressed before this it would only load the page anew
    for (const button of document.querySelectorAll('[data-leave]')) button.addEventListener('click', () => this.leave());
    document.getElementById('forget')?.addEventListener('click', () => this.#forget());
    this.#look(root.dataset.door ?? '');
  }

  /** Whoever uses this browser next does not come in by it. */
  async #forget() {
    const answer = await fetch('/gast/verlassen', { method: 'POST' }).catch(() => null);
    if (!answer?.ok && answer?.status !== 401) return;
    sessionStorage.clear();
    byId('forgotten', HTMLElement).textContent = say('guest.js.forgotten');
  }

  /** @param {Step} step */
  show(step) {
    if (LAST.includes(this.#step)) return;
    this.#step = step;
    for (const section of document.querySelectorAll('[data-step]')) {
      if (section instanceof HTMLElement) section.hidden = section.dataset.step !== step;
    }
    if (LAST.includes(step)) this.#end();
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-step="${step}"] h1`))?.scrollIntoView({ block: 'nearest' });
  }

  /** The person wants to come in; camera and microphone are asked for, if that has not happened yet. */
  async enter() {
    const field = document.getElementById('guest-name');
    if (field instanceof HTMLInputElement) this.#name = field.value.trim().slice(0, 80);
    this.show(this.role === 'organiser' ? 'list' : 'wait');
    await this.tryout?.begin();
    this.tryout?.end();
    await this.#ask();
  }

  /** Whether one can come in; asked again and again until the visit is over. */
  async #ask() {
    clearTimeout(this.#poll);
    if (LAST.includes(this.#step)) return;
    try {
      const answer = await fetch(this.standing, { headers: { accept: 'application/json' }, cache: 'no-store' });
      if ([401, 403, 404].includes(answer.status)) this.#refused(answer.status === 404);
      else if (answer.ok) this.#heard(await answer.json());
    } catch {
      this.#wait('guest.js.wait.line');
    }
    this.#poll = window.setTimeout(() => this.#ask(), POLL_MS);
  }

  /** What the centre does not know any more may still go on between the ends. @param {boolean} isOver or taken back */
  #refused(isOver) {
    if (!this.#talk?.peers.length) this.show(isOver ? 'over' : 'refused');
  }

  /** @param {{door: string, next?: string}} standing */
  #heard({ door, next = '' }) {
    if (next) this.#next(next);
    this.#look(door);
    if (door === 'open' && this.#step !== 'before') this.#connect();
  }

  /** @param {string} door */
  #look(door) {
    this.#door = door;
    if (door === 'over' && !this.#talk?.peers.length) this.show('over');
    else this.#wait(`guest.js.wait.${door}`);
  }

  /** @param {string} key */
  #wait(key) {
    const text = byId('wait-text', HTMLElement);
    if (text.textContent !== say(key)) text.textContent = say(key);
  }

  /** Where and when it goes on, as the doctor has just arranged it. @param {string} when */
  #next(when) {
    const box = byId('next', HTMLElement);
    /** @type {HTMLElement} */ (box.querySelector('span')).textContent = say('guest.js.next', { when });
    box.hidden = false;
  }

  async #connect() {
    if (this.#signalling) return;
    const path = `/signalling/${this.visitId}?role=${this.role}`;
    const signalling = new SignallingSocket(path, (event) => this.#told(event));
    this.#signalling = signalling;
    if (this.role !== 'organiser') await this.#prepare(signalling);
    signalling.connect();
  }

  /** @param {SignallingSocket} signalling */
  async #prepare(signalling) {
    const keys = /** @type {Promise<CryptoKeyPair>} */ (crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
    await this.#readRoster();
    const stream = this.tryout?.stream ?? null;
    const talk = new Conversation(signalling, {
      me: { visitId: this.visitId, role: this.role, keys, name: this.#name, secret: ofGuest().secret },
      roster: () => this.#roster,
      fresher: () => this.#readRoster(),
      localStream: stream,
      onRemote: (peerId, remote, partner) => partner.role !== 'agent' && this.faces.show(peerId, remote, partner),
      onOpen: (peerId, partner) => this.#opened(peerId, partner),
      onPictures: (_peer, names, partner) => partner.role === 'doctor' && this.#compare(names),
      onDistrust: (partner, reason, by) => this.#distrusted(partner, reason, by),
      onParted: () => this.#alone(),
      onFull: () => !this.#talk?.peers.length && this.show('full'),
      onTalk: (peerId, message, partner) => {
        if (message.type === 'sending') this.faces.blank(peerId, message.picture === 'off');
        if (message.type === 'take-home' && this.isHome && partner.role === 'doctor') showTakeHome(message.link);
      },
    });
    this.#poor?.close();
    this.#poor = new PoorLine(talk, byId('poor', HTMLElement), ({ role }) => role === 'doctor');
    this.#company = new Company(talk, { role: this.role, name: this.#name, stream });
    if (this.role === 'colleague') this.#devices = new GuestDevices(talk, this.visitId, () => this.#blocked(true));
    this.#talk = talk;
    this.#own(stream);
    talk.enter();
  }

  /** By the operator's key that stands in the link. A link without one trusts the first, and people compare pictures. */
  async #readRoster() {
    try {
      const answer = await fetch('/roster', { cache: 'no-store', headers: { accept: 'application/json' } });
      const signed = await answer.json();
      this.#roster = await readRoster(signed, [ofGuest().operator || signed.signed_by], this.#roster?.seq ?? 0);
    } catch {
      // away, or not signed by whom the link names: then nobody is trusted
    }
  }

  /** @param {SignallingEvent} event */
  #told(event) {
    this.#talk?.handle(event);
    if (this.role === 'organiser') this.#list(event);
    if (event.type === 'signal' && event.kind === 'refused' && !this.#talk?.peers.length) this.show('refused');
    if (event.type === 'over') this.show('over');
    if (event.type === 'closed' && event.final && !LAST.includes(this.#step)) this.#shut();
  }

  /** The hub lets us in no more; why, the centre's answer says. */
  async #shut() {
    this.#signalling = null;
    this.#talk?.close();
    this.#talk = null;
    await this.#ask();
  }

  /** @param {string} peerId @param {Partner} partner */
  #opened(peerId, partner) {
    this.show('call');
    if (partner.role !== 'agent') this.#company?.meet(peerId, partner);
    if (this.isHome && partner.role === 'doctor') fetch('/mein-termin/gespraech/da', { method: 'POST' }).catch(() => {});
  }

  #alone() {
    if (this.#step === 'call' && !this.#talk?.partners.some(({ role }) => role !== 'agent')) this.show('wait');
  }

  /** @param {string[]} names */
  #compare(names) {
    showPictures(byId('code-pictures', HTMLElement), names, say, 72);
    byId('code', HTMLElement).hidden = false;
  }

  /** @param {Partner} partner @param {string} reason @param {'us' | 'them'} by */
  #distrusted(partner, reason, by) {
    if (partner.role !== 'doctor') return;
    if (by === 'them' && reason === 'unknown-key') this.show('refused'); // the doctor did not let us in
    else this.show('distrust');
  }

  /** @param {boolean} isSo no sound before somebody touches the page */
  #blocked(isSo) {
    byId('sound', HTMLElement).hidden = !isSo;
  }

  /** @param {MediaStream | null} stream */
  #own(stream) {
    const face = this.faces.showOwn(stream);
    const own = byId('own', HTMLButtonElement);
    own.hidden = face.hidden;
    own.addEventListener('click', () => {
      face.hidden = !face.hidden;
      own.setAttribute('aria-pressed', String(face.hidden));
      own.lastChild?.replaceWith(say(face.hidden ? 'guest.js.own.show' : 'guest.js.own.hide'));
    });
    byId('sound', HTMLButtonElement).addEventListener('click', () => {
      this.faces.play();
      this.#devices?.play();
    });
    this.#toggle('microphone', 'audio', 'desk.js.mute', 'desk.js.unmute', stream);
    this.#toggle('camera', 'video', 'desk.js.hide', 'desk.js.show', stream);
  }

  /**
   * @param {string} id
   * @param {'audio' | 'video'} kind
   * @param {string} off
   * @param {string} on
   * @param {MediaStream | null} stream
   */
  #toggle(id, kind, off, on, stream) {
    const button = byId(id, HTMLButtonElement);
    const tracks = (stream?.getTracks() ?? []).filter((track) => track.kind === kind);
    button.hidden = tracks.length === 0;
    button.addEventListener('click', () => {
      const silent = button.getAttribute('aria-pressed') !== 'true';
      this.#company?.hush(kind, silent);
      button.setAttribute('aria-pressed', String(silent));
      button.lastChild?.replaceWith(say(silent ? on : off));
    });
  }

  /** Who is in the visit, without names of guests: the centre does not know them. @param {SignallingEvent} event */
  #list(event) {
    const list = byId('here', HTMLElement);
    if (event.type === 'here') list.replaceChildren();
    const came = event.type === 'here' ? event.participants : event.type === 'came' ? [event.participant] : [];
    for (const { peer_id: id, role, name } of came.filter((one) => !['agent', 'organiser'].includes(one.role))) {
      const item = document.createElement('li');
      item.id = `here-${id}`;
      item.dataset.role = role;
      item.textContent = name ? `${name} (${say(`guest.role.${role}`)})` : say(`guest.role.${role}`);
      document.getElementById(item.id)?.remove();
      list.append(item);
    }
    if (event.type === 'left') document.getElementById(`here-${event.peer_id}`)?.remove();
  }

  /** Go, and stay away; the others hear it. */
  leave() {
    this.show('left');
  }

  #end() {
    clearTimeout(this.#poll);
    this.#poor?.close();
    this.#talk?.close();
    this.#signalling?.close();
    this.#talk = this.#signalling = null;
    this.faces.clear();
    for (const track of this.tryout?.stream?.getTracks() ?? []) track.stop();
  }

  /** The page goes. */
  away() {
    this.#talk?.close();
  }
}

keepOfGuest();
const guest = new Guest(byId('guest', HTMLElement));
addEventListener('pagehide', () => guest.away());

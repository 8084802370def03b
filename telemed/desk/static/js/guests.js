// @ts-check
/** Guests of the doctor's call: who knocks is let in one by one, and is seen by all. */
import { showPictures } from '/static/js/distrust.js';
import { GUESTS, invited } from '/static/js/trust.js';
import { GuestTile } from './guest-tile.js';
import { Invite } from './invite.js';
import { forget, secretsOf } from './invited.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/trust.js').Hello} Hello */
/** @typedef {{type: 'share', peer_id: string, key: string, on: boolean}} Share */
/** @typedef {'knocks' | 'in' | 'silent'} State */

/** Keys that were let in, for when this page is loaded anew. */
const ADMITTED = 'telemed.admitted';

/** Which invitation's secret the guest knows; '' for none of ours. @param {string} visitId @param {Partner} partner @param {Hello} hello */
export async function invitationOf(visitId, { peer_id: peerId, role }, hello) {
  for (const { id, secret } of hello.proof ? secretsOf(visitId) : []) {
    const proof = await invited(secret, { visitId, peerId, role, key: hello.key, name: hello.name ?? '' });
    if (proof === hello.proof) return id;
  }
  return '';
}

/** One guest's card. */
class Card {
  matched = false;
  invitationId = '';

  /** @param {Partner} partner @param {Hello} hello */
  constructor(partner, hello) {
    this.partner = partner;
    this.hello = hello;
    const template = byId('guest-card', HTMLTemplateElement);
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.root = /** @type {HTMLElement} */ (copy.querySelector('li'));
    this.root.dataset.peer = partner.peer_id;
    /** @type {GuestTile | null} */
    this.tile = null;
    this.part('name').textContent = hello.name || say(`guest.role.${partner.role}`);
    this.part('role').textContent = hello.name ? say(`guest.role.${partner.role}`) : '';
    this.show('knocks');
    byId('guest-list', HTMLElement).append(this.root);
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-${name}]`));
  }

  /** @param {string} name @param {() => void} then */
  on(name, then) {
    this.part(name).addEventListener('click', then);
  }

  get isIn() {
    return this.root.dataset.state !== 'knocks';
  }

  /** @param {State} state */
  show(state) {
    this.root.dataset.state = state;
    this.part('text').textContent = say(`guests.js.${state}`);
    this.#settle();
  }

  /** Right: the guest knows our secret, or people have compared the pictures. */
  get isProved() {
    return this.matched || this.invitationId !== '';
  }

  #settle() {
    const isIn = this.isIn;
    this.part('proved').hidden = !this.isProved;
    this.part('unproved').hidden = this.isProved;
    for (const name of ['admit', 'refuse']) this.part(name).hidden = isIn;
    this.part('out').hidden = !isIn || this.partner.role === 'resident';
    this.part('match').hidden = !isIn || this.isProved || this.part('pictures').hidden;
    this.part('share').hidden = !isIn || this.partner.role !== 'colleague';
  }

  /** @param {string} invitationId */
  knows(invitationId) {
    this.invitationId = invitationId;
    this.#settle();
  }

  match() {
    this.matched = true;
    this.#settle();
  }

  /** @param {string[]} names */
  compare(names) {
    const list = this.part('pictures');
    showPictures(list, names, say, 32);
    list.hidden = false;
    this.#settle();
  }

  /** @param {MediaStream | null} stream */
  look(stream) {
    if (this.partner.role === 'resident') return; // the resident has the big picture
    if (!stream) return this.#blank();
    const { role } = this.partner;
    this.tile ??= new GuestTile({ name: this.hello.name ?? '', role });
    if (this.tile.video.srcObject !== stream) this.tile.show(stream);
  }

  #blank() {
    this.tile?.gone();
    this.tile = null;
  }

  gone() {
    this.#blank();
    this.root.remove();
  }
}

export class Guests {
  /** @type {Map<string, Card>} */
  #cards = new Map();

  /**
   * @param {Conversation} talk
   * @param {string} visitId
   * @param {(share: Share) => void} share tells the room what a colleague may see
   */
  constructor(talk, visitId, share) {
    this.talk = talk;
    this.visitId = visitId;
    this.share = share;
    this.invite = new Invite(/** @type {HTMLElement} */ (document.querySelector('#invite-dialog [data-invite]')), { proves: true });
    talk.on({
      onKnock: (partner, hello) => this.#knock(partner, hello),
      onRemote: (peerId, stream) => this.#cards.get(peerId)?.look(stream),
      onPictures: (peerId, names) => this.#cards.get(peerId)?.compare(names),
      onOpen: (peerId) => this.#cards.get(peerId)?.show('in'),
      onSilence: (peerId, pulse) => this.#cards.get(peerId)?.isIn && this.#cards.get(peerId)?.show(pulse === 'lost' ? 'silent' : 'in'),
      onParted: (peerId) => this.#gone(peerId),
      onFull: (partner) => this.#full(partner),
      onDistrust: (partner) => GUESTS.includes(partner.role) && this.#gone(partner.peer_id),
    });
    const dialog = byId('invite-dialog', HTMLDialogElement);
    byId('invite-open', HTMLButtonElement).addEventListener('click', () => {
      this.invite.refresh();
      dialog.showModal();
    });
    byId('invite-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  }

  /** @param {Partner} partner @param {Hello} hello */
  async #knock(partner, hello) {
    this.#gone(partner.peer_id);
    const card = new Card(partner, hello);
    this.#cards.set(partner.peer_id, card);
    card.on('admit', () => this.#admit(card));
    card.on('refuse', () => this.#dismiss(card));
    card.on('out', () => this.#dismiss(card));
    card.on('match', () => card.match());
    card.part('share').addEventListener('change', ({ target }) => this.#show(card, /** @type {HTMLInputElement} */ (target).checked));
    card.knows(await invitationOf(this.visitId, partner, hello));
    if (admitted().includes(hello.key)) this.#admit(card);
  }

  /** @param {Card} card */
  #admit(card) {
    if (!this.talk.admit(card.partner.peer_id, card.hello)) return;
    sessionStorage.setItem(ADMITTED, JSON.stringify([...admitted(), card.hello.key]));
    card.show('in');
  }

  /** Not let in, or sent out; nobody comes by this invitation again. @param {Card} card */
  #dismiss(card) {
    const { peer_id: peerId } = card.partner;
    sessionStorage.setItem(ADMITTED, JSON.stringify(admitted().filter((key) => key !== card.hello.key)));
    this.talk.dismiss(peerId);
    this.talk.signalling.send(peerId, 'refused', { reason: 'unknown-key' });
    if (card.invitationId) this.invite.takeBack(card.invitationId);
    this.#gone(peerId);
  }

  /** @param {Card} card @param {boolean} on */
  #show(card, on) {
    this.share({ type: 'share', peer_id: card.partner.peer_id, key: card.hello.key, on });
  }

  /** @param {Partner} partner */
  #full(partner) {
    const card = this.#cards.get(partner.peer_id);
    if (card && !card.isIn) card.part('text').textContent = say('guests.js.full');
  }

  /** @param {string} peerId */
  #gone(peerId) {
    this.#cards.get(peerId)?.gone();
    this.#cards.delete(peerId);
  }

  /** The visit is over. */
  clear() {
    for (const peerId of [...this.#cards.keys()]) this.#gone(peerId);
  }

  /** The visit is over for good: no secret of it stays. */
  forget() {
    forget(this.visitId);
    sessionStorage.removeItem(ADMITTED);
  }
}

/** @returns {string[]} */
function admitted() {
  return JSON.parse(sessionStorage.getItem(ADMITTED) ?? '[]');
}


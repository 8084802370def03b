// @ts-check
/** Inviting somebody: the link with what no server sees, as a code for a camera, as text, and as a draft without a name. */
import { operatorKeys } from '/static/js/keys.js';
import { draw } from '/static/js/qr.js';
import { fresh } from '/static/js/trust.js';
import { fragment, keep } from './invited.js';
import { say } from './words.js';

/** @typedef {{id: string, role: string, used: boolean, path: string}} Made */

export class Invite {
  #path;
  #visitId;

  /**
   * @param {HTMLElement} root `_invite.html`
   * @param {{proves: boolean}} how whether this browser is the one that will look whether the guest knows the secret
   */
  constructor(root, { proves }) {
    this.root = root;
    this.proves = proves;
    this.#visitId = root.dataset.invite ?? '';
    this.#path = `/besuch/${this.#visitId}/einladungen`;
    for (const button of root.querySelectorAll('[data-invite-as]')) {
      button.addEventListener('click', () => this.#invite(/** @type {HTMLElement} */ (button).dataset.inviteAs ?? ''));
    }
    this.#part('copy', HTMLElement).addEventListener('click', () => this.#copy());
  }

  /**
   * @template {HTMLElement} T
   * @param {string} name
   * @param {new () => T} kind
   * @returns {T}
   */
  #part(name, kind) {
    const found = this.root.querySelector(`[data-invite-${name}]`);
    if (!(found instanceof kind)) throw new Error(`the page has no ${name}`);
    return found;
  }

  /** @param {string} role */
  async #invite(role) {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const made = await asked(this.#path, { method: 'POST', headers, body: JSON.stringify({ role }) });
    this.#part('failed', HTMLElement).hidden = Boolean(made);
    if (made) await this.#show(made);
    await this.refresh();
  }

  /** @param {Made} made */
  async #show(made) {
    const secret = this.proves ? fresh() : '';
    if (secret) keep(this.#visitId, made.id, secret);
    const [operator = ''] = await operatorKeys();
    const link = new URL(made.path + fragment({ secret, operator }), location.href).href;
    draw(this.#part('code', HTMLCanvasElement), link);
    this.#part('link', HTMLInputElement).value = link;
    this.#part('for', HTMLElement).textContent = say('invite.js.for', { role: say(`guest.role.${made.role}`) });
    const text = encodeURIComponent(say('invite.js.text', { link }));
    const subject = encodeURIComponent(say('invite.js.subject'));
    this.#part('mail', HTMLAnchorElement).href = `mailto:?subject=${subject}&body=${text}`;
    this.#part('sms', HTMLAnchorElement).href = `sms:?&body=${text}`;
    this.#part('copied', HTMLElement).textContent = '';
    this.#part('made', HTMLElement).hidden = false;
  }

  async #copy() {
    const field = this.#part('link', HTMLInputElement);
    field.select();
    await navigator.clipboard.writeText(field.value).catch(() => document.execCommand('copy'));
    this.#part('copied', HTMLElement).textContent = say('invite.js.copied');
  }

  /** Who is invited now. */
  async refresh() {
    const all = /** @type {Made[] | null} */ (await asked(this.#path, { headers: { accept: 'application/json' } }));
    if (!all) return;
    this.#part('list', HTMLElement).replaceChildren(...all.map((one) => this.#item(one)));
    this.#part('nobody', HTMLElement).hidden = all.length > 0;
  }

  /** @param {Made} one */
  #item(one) {
    const item = document.createElement('li');
    const said = document.createElement('span');
    said.textContent = `${say(`guest.role.${one.role}`)}: ${say(one.used ? 'invite.js.used' : 'invite.js.open')}`;
    const back = document.createElement('button');
    Object.assign(back, { type: 'button', className: 'second', textContent: say('invite.js.back') });
    back.addEventListener('click', () => this.takeBack(one.id));
    item.append(said, ' ', back);
    return item;
  }

  /** Nobody comes by this invitation any more, and who has is sent out. @param {string} id */
  async takeBack(id) {
    const answer = await fetch(`${this.#path}/${id}/zurueck`, { method: 'POST' }).catch(() => null);
    this.#part('failed', HTMLElement).hidden = Boolean(answer?.ok || answer?.status === 404);
    await this.refresh();
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

// @ts-check
/**
 * The doctor's page of one sheet. What is chosen and written leaves it only sealed; the key goes into the link, and by
 * the call's own page (another tab of this browser) end to end to the patient.
 */
import { draw } from '/static/js/qr.js';
import { MOST_BLOCKS, isInstructions, shown, wordsIn } from '/static/js/instructions.js';
import { keep, kept } from './drafts.js';
import { PLAIN, lix } from './lix.js';
import { freshSheet, seal } from './seal.js';

/** @typedef {import('/static/js/instructions.js').Instructions} Instructions */
/** @typedef {{chosen: string[], line: string, withNext: boolean, id: string, key: string, sent: boolean}} Draft */

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const words = wordsIn('words');
const read = wordsIn('reader-words');
/** @param {string} key @param {Record<string, string>} [params] */
const say = (key, params) => words(`aftercare_desk.js.${key}`, params) ?? `⟦${key}⟧`;

class Writer {
  #boxes = [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('[data-block]'))];
  #line = byId('line', HTMLTextAreaElement);
  #withNext = /** @type {HTMLInputElement | null} */ (document.getElementById('with-next'));
  #channel = new BroadcastChannel('telemed-aftercare');
  /** @type {Draft} */
  #draft = { chosen: [], line: '', withNext: true, ...freshSheet(), sent: false };
  #saving = Promise.resolve();
  /** What was sent last, for the call's page. @type {{link: string, sheet: Instructions} | null} */
  #sent = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.facts = root.dataset;
    this.visit = root.dataset.visit ?? '';
    this.path = `/arzt/besuch/${this.visit}/anleitung`;
    root.addEventListener('submit', (event) => event.preventDefault());
    this.#channel.addEventListener('message', ({ data }) => this.#heard(data));
  }

  /** What was begun comes back, then the page listens. */
  async begin() {
    const before = await kept(this.visit).catch(() => null);
    if (before) {
      this.#draft = before;
      byId('draft', HTMLElement).textContent = say('draft.back');
    } else { // what was ticked and written before the script was there
      this.#draft.chosen = this.#boxes.filter((box) => box.checked).map((box) => box.dataset.block ?? '').slice(0, MOST_BLOCKS);
      this.#draft.line = this.#line.value;
    }
    this.#line.value = this.#draft.line;
    if (this.#withNext) this.#withNext.checked = this.#draft.withNext;
    for (const box of this.#boxes) box.addEventListener('change', () => this.#pick(box.dataset.block ?? '', box.checked));
    this.#line.addEventListener('input', () => this.#changed());
    this.#withNext?.addEventListener('change', () => this.#changed());
    byId('send', HTMLButtonElement).addEventListener('click', () => this.#send());
    byId('copy', HTMLButtonElement).addEventListener('click', () => this.#copy());
    byId('take-back', HTMLButtonElement).addEventListener('click', () => this.#takeBack());
    this.#show();
    if (this.#draft.sent) this.#showMade();
    document.body.dataset.ready = 'true';
  }

  /** @param {string} key @param {boolean} on */
  #pick(key, on) {
    const others = this.#draft.chosen.filter((each) => each !== key);
    this.#draft.chosen = on && others.length < MOST_BLOCKS ? [...others, key] : others;
    this.#changed();
  }

  /** @param {string} key @param {number} by within its group: the sheet keeps the groups apart */
  #move(key, by) {
    const own = this.#group(key);
    const same = this.#draft.chosen.filter((each) => this.#group(each) === own);
    const other = same[same.indexOf(key) + by];
    if (!other) return;
    this.#draft.chosen = this.#draft.chosen.map((each) => (each === key ? other : each === other ? key : each));
    this.#changed();
  }

  /** @param {string} key */
  #group(key) {
    return this.#box(key)?.dataset.group ?? '';
  }

  /** @param {string} key */
  #box(key) {
    return this.#boxes.find((box) => box.dataset.block === key);
  }

  #changed() {
    this.#draft.line = this.#line.value;
    this.#draft.withNext = this.#withNext?.checked ?? true;
    this.#show();
    this.#save();
  }

  /** One after the other, so that the last one stays. */
  #save() {
    const now = structuredClone(this.#draft);
    const said = byId('draft', HTMLElement);
    delete said.dataset.kept;
    this.#saving = this.#saving.then(() => keep(this.visit, now)).then(() => {
      said.textContent = say('draft.kept');
      said.dataset.kept = 'true';
    }, () => {
      said.textContent = say('draft.failed');
    });
  }

  /** @returns {Instructions} */
  get #sheet() {
    const { doctor = '', now = '', phone = '', nextStart, nextPlace = '' } = this.facts;
    const blocks = this.#ordered.map((key) => ({ group: this.#group(key), key, german: this.#german(key) }));
    const next = nextStart && this.#draft.withNext ? { start: nextStart, place: nextPlace } : null;
    return { blocks, line: this.#draft.line.trim(), next, doctor, made: now, phone };
  }

  /** By group as the library has them, within each as she chose. */
  get #ordered() {
    const groups = [...new Set(this.#boxes.map((box) => box.dataset.group))];
    return groups.flatMap((group) => this.#draft.chosen.filter((key) => this.#group(key) === group));
  }

  /** @param {string} key */
  #german(key) {
    return this.#box(key)?.closest('label')?.textContent?.trim() ?? '';
  }

  #show() {
    for (const box of this.#boxes) {
      box.checked = this.#draft.chosen.includes(box.dataset.block ?? '');
      box.disabled = !box.checked && this.#draft.chosen.length >= MOST_BLOCKS;
    }
    const ordered = this.#ordered;
    byId('nothing', HTMLElement).hidden = ordered.length > 0;
    byId('chosen', HTMLElement).replaceChildren(...ordered.map((key) => this.#item(key, ordered)));
    byId('preview', HTMLElement).replaceChildren(shown(this.#sheet, read, this.facts.language ?? 'de'));
    byId('send', HTMLButtonElement).disabled = !ordered.length && !this.#draft.line.trim();
    this.#hint();
  }

  /** @param {string} key @param {string[]} ordered */
  #item(key, ordered) {
    const template = byId('chosen-block', HTMLTemplateElement);
    const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    /** @type {HTMLElement} */ (item.querySelector('p')).textContent = this.#german(key);
    item.dataset.key = key;
    const same = ordered.filter((each) => this.#group(each) === this.#group(key));
    for (const button of item.querySelectorAll('button')) {
      const by = Number(button.dataset.move ?? 0);
      button.hidden = by !== 0 && !same[same.indexOf(key) + by];
      button.addEventListener('click', () => {
        if (by) this.#move(key, by);
        else this.#pick(key, false);
        this.#focus(key, by);
      });
    }
    return item;
  }

  /** The keyboard stays where it was, though the list was made anew. @param {string} key @param {number} by */
  #focus(key, by) {
    const item = document.querySelector(`#chosen [data-key="${key}"]`);
    const buttons = [.../** @type {NodeListOf<HTMLElement>} */ (item?.querySelectorAll('button:not([hidden])') ?? [])];
    (buttons.find((each) => each.dataset.move === String(by)) ?? buttons[0] ?? this.#box(key))?.focus();
  }

  /** How hard the own words are to read, while they are written. */
  #hint() {
    const found = lix(this.#draft.line);
    const said = byId('lix', HTMLElement);
    said.hidden = found === null;
    if (found === null) return;
    const isPlain = found <= PLAIN;
    said.className = `chip ${isPlain ? 'chip-ok' : 'chip-warn'}`;
    const text = say(isPlain ? 'lix.plain' : 'lix.hard', { lix: String(Math.round(found)) });
    if (said.textContent !== text) said.textContent = text;
  }

  async #send() {
    const sheet = this.#sheet;
    if (!isInstructions(sheet)) return this.#fail('failed');
    const sealed = await seal(this.#draft, sheet);
    const answer = await posted(this.path, { id: this.#draft.id, sealed });
    if (!answer?.ok) return this.#fail(answer ? `failed.${answer.status === 409 ? 'moment' : 'refused'}` : 'failed');
    byId('failed', HTMLElement).hidden = true;
    this.#draft.sent = true;
    this.#save();
    this.#sent = { link: this.#link, sheet };
    byId('told', HTMLElement).textContent = say('told.no');
    this.#showMade();
    byId('made-title', HTMLElement).focus();
    this.#tell();
  }

  get #link() {
    const { begin = '', query = '' } = this.facts;
    return `${begin}${this.#draft.id}${query}#${this.#draft.key}`;
  }

  #showMade() {
    draw(byId('code', HTMLCanvasElement), this.#link);
    byId('open', HTMLAnchorElement).href = this.#link;
    byId('copied', HTMLElement).textContent = '';
    byId('made', HTMLElement).hidden = false;
  }

  /** The call's page hands it on to the patient's end, if it is open. */
  #tell() {
    if (this.#sent) this.#channel.postMessage({ type: 'sheet', visit: this.visit, ...this.#sent });
  }

  /** @param {any} message */
  #heard(message) {
    if (message?.visit !== this.visit) return;
    if (message.type === 'ask') this.#tell();
    if (message.type === 'told') byId('told', HTMLElement).textContent = say(message.reached ? 'told.yes' : 'told.no');
  }

  async #copy() {
    await navigator.clipboard.writeText(this.#link).catch(() => {});
    byId('copied', HTMLElement).textContent = say('copied');
  }

  async #takeBack() {
    const answer = await posted(`${this.path}/zurueck`, {});
    if (!answer?.ok) return this.#fail('failed');
    Object.assign(this.#draft, freshSheet(), { sent: false });
    this.#sent = null;
    this.#save();
    byId('made', HTMLElement).hidden = true;
  }

  /** @param {string} key */
  #fail(key) {
    const box = byId('failed', HTMLElement);
    /** @type {HTMLElement} */ (box.querySelector('span')).textContent = say(key);
    box.hidden = false;
  }
}

/** @param {string} path @param {unknown} body @returns {Promise<Response | null>} null when nobody answered */
function posted(path, body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => null);
}

await new Writer(byId('write', HTMLElement)).begin();

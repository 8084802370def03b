// @ts-check
/**
 * What the practice takes from this visit: a file, text for its software, or its own FHIR server, straight from this
 * browser. Nothing of it passes the centre. The patient's number is typed or scanned here and kept nowhere.
 */
import { asText, collection, entryOf, isWrong, transaction } from './bundle.js';
import { Pictures } from './pictures.js';
import { byId, known, say } from './words.js';

/** @typedef {import('./vitals.js').Vitals} Vitals */

const ADDRESS = 'telemed-practice-fhir';
const PATIENCE_MS = 20_000;
const FHIR = 'application/fhir+json';

export class Handover {
  #savedAt = 0;
  /** What the practice's server has, as it was sent, by id. @type {Map<string, string>} */
  #sent = new Map();

  /**
   * @param {Vitals} vitals
   * @param {string} visitId
   */
  constructor(vitals, visitId) {
    this.vitals = vitals;
    this.visitId = visitId;
    this.pictures = new Pictures(() => this.#offer());
    this.patient = byId('patient-number', HTMLInputElement);
    this.box = byId('practice', HTMLElement);
    this.address = this.box.dataset.address ?? '';
    this.send = byId('send', HTMLButtonElement);
    vitals.changed = () => this.#offer();
    for (const id of ['download', 'end-download', 'left-download']) {
      byId(id, HTMLButtonElement).addEventListener('click', () => this.#download());
    }
    byId('copy', HTMLButtonElement).addEventListener('click', () => this.#copy());
    this.send.addEventListener('click', () => this.#post());
    byId('practice-right', HTMLButtonElement).addEventListener('click', () => this.#trust());
    this.patient.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault());
    this.#offer();
  }

  /** Whether something is here that was never saved, in any of the three ways. */
  get unsaved() {
    return (this.vitals.count > 0 && this.#savedAt !== this.vitals.changes) || this.pictures.unsaved;
  }

  /** How much there is, for whoever asks at the end whether the practice has it. */
  get summary() {
    return { values: this.vitals.count, pictures: this.pictures.count, unsaved: this.unsaved };
  }

  /**
   * What can be done now. Values go only to an address that somebody at this browser has found right: a centre that
   * names another one later does not get them.
   */
  #offer() {
    const nothing = this.vitals.count + this.pictures.count === 0;
    const trusted = this.address !== '' && localStorage.getItem(ADDRESS) === this.address;
    for (const id of ['download', 'end-download', 'copy']) byId(id, HTMLButtonElement).disabled = nothing;
    this.box.hidden = this.address === '';
    byId('practice-new', HTMLElement).hidden = trusted;
    this.send.hidden = !trusted;
    this.send.disabled = nothing;
    byId('practice-address', HTMLElement).textContent = this.address;
  }

  #trust() {
    localStorage.setItem(ADDRESS, this.address);
    this.#offer();
    this.send.focus();
  }

  async #download() {
    const changes = this.vitals.changes;
    const found = collection(this.vitals.records(), await this.pictures.resources(this.visitId), this.patient.value.trim());
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(found, null, 2)], { type: FHIR }));
    link.download = `bundle-${this.visitId}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    this.#saved(changes, true);
    this.#say('downloaded');
  }

  async #copy() {
    const changes = this.vitals.changes;
    try {
      await navigator.clipboard.writeText(asText(this.vitals.records()));
    } catch {
      return this.#say('not-copied');
    }
    this.#saved(changes, false);
    this.#say(this.pictures.count ? 'copied-without-pictures' : 'copied');
  }

  async #post() {
    const patient = this.patient.value.trim();
    if (!patient) {
      this.patient.focus();
      return this.#say('no-patient');
    }
    this.send.disabled = true;
    this.#say('sending');
    const changes = this.vitals.changes;
    const resources = await this.#changed();
    const found = transaction(resources.map(([id, each]) => entryOf(id, each, patient, this.#sent.has(id))));
    const outcome = resources.length ? await this.#deliver(JSON.stringify(found), resources.length) : 'sent';
    this.send.disabled = false;
    if (outcome === 'sent') {
      for (const [id, each] of resources) this.#sent.set(id, JSON.stringify(each));
      this.#saved(changes, true);
    }
    this.#say(outcome);
  }

  /** What the practice's server does not have yet, or not so. @returns {Promise<[string, Record<string, any>][]>} */
  async #changed() {
    const pictures = await this.pictures.resources(this.visitId);
    const records = this.vitals.records().filter(({ id, observation }) => !isWrong(observation) || this.#sent.has(id));
    /** @type {[string, Record<string, any>][]} */
    const all = [
      ...records.map(({ id, observation }) => /** @type {[string, any]} */ ([id, observation])),
      ...pictures.map((each) => /** @type {[string, any]} */ ([each.identifier[0].value, each])),
    ];
    return all.filter(([id, each]) => this.#sent.get(id) !== JSON.stringify(each));
  }

  /**
   * @param {string} body
   * @param {number} entries
   * @returns {Promise<string>} how it went: an ending of `desk.js.handover.`
   */
  async #deliver(body, entries) {
    const key = byId('practice-key', HTMLInputElement).value;
    try {
      const answer = await fetch(this.address, {
        method: 'POST',
        body,
        headers: { 'content-type': FHIR, accept: FHIR, ...(key ? { authorization: `Bearer ${key}` } : {}) },
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return answer.ok ? taken(await answer.json(), entries) : refused(answer.status);
    } catch {
      return 'unreachable';
    }
  }

  /**
   * @param {number} changes
   * @param {boolean} all pictures, too
   */
  #saved(changes, all) {
    this.#savedAt = changes;
    if (all) this.pictures.allSaved();
  }

  /** @param {string} outcome */
  #say(outcome) {
    const key = `desk.js.handover.${outcome}`;
    const box = byId('handover-said', HTMLElement);
    box.textContent = known(key) ? say(key) : say('desk.js.handover.refused');
    box.dataset.outcome = outcome;
  }

  /** Forget everything; the address alone stays, in this browser. */
  clear() {
    this.patient.value = '';
    byId('practice-key', HTMLInputElement).value = '';
    this.pictures.clear();
    this.#sent.clear();
  }
}

/**
 * Whether a transaction's answer says of every entry that it is there.
 * @param {any} answer
 * @param {number} entries
 */
function taken(answer, entries) {
  const said = Array.isArray(answer?.entry) ? answer.entry : [];
  const good = said.filter((/** @type {any} */ each) => /^20[01]\b/.test(each?.response?.status ?? ''));
  return answer?.type === 'transaction-response' && good.length === entries ? 'sent' : 'not-all';
}

/** @param {number} status */
function refused(status) {
  if (status === 401 || status === 403) return 'not-allowed';
  if (status === 413) return 'too-large';
  return status >= 500 ? 'broken' : 'refused';
}

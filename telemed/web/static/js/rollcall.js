/**
 * The roll-call: who is in whose room, and which end knows it of which (schemas/conversation.py). No page is touched.
 */

/** @typedef {import('./talk.js').Known} Known */
/** @typedef {import('./talk.js').People} People */
/** @typedef {import('./talk.js').Person} Person */
/** @typedef {import('./talk.js').Talk} Talk */

export class RollCall {
  /** The newest list of each end. @type {Map<string, People>} */
  #lists = new Map();
  /** The newest list of an end that another one knows, by `knows of`. @type {Map<string, Known>} */
  #known = new Map();

  /**
   * @param {string} me our peer id
   * @param {(message: People | Known, peerId?: string) => void} send to one, or to all
   * @param {() => void} changed
   */
  constructor(me, send, changed) {
    this.me = me;
    this.send = send;
    this.changed = changed;
  }

  /** @param {string} of @returns {Person[] | null} null: nobody has said it yet */
  people(of) {
    return this.#lists.get(of)?.people ?? null;
  }

  /** Whether a doctor noted it, as it was said aloud. @param {string} of */
  isNoted(of) {
    return this.#lists.get(of)?.noted ?? false;
  }

  /** Whether *by* knows the newest list of *of*. @param {string} by @param {string} of */
  isKnown(by, of) {
    const list = this.#lists.get(of);
    return list !== undefined && (this.#known.get(`${by} ${of}`)?.seq ?? 0) >= list.seq;
  }

  /** Both have said who is there, and each knows it of the other. @param {string} other */
  isIntroduced(other) {
    return this.isKnown(this.me, other) && this.isKnown(other, this.me);
  }

  /** Who is here. @param {Person[]} people */
  name(people) {
    this.#tell({ type: 'people', of: this.me, seq: this.#next(this.me), people });
  }

  /** Here it is known who is at *of*. @param {string} of */
  confirm(of) {
    const list = this.#lists.get(of);
    if (list) this.#tell({ type: 'known', of, seq: list.seq, by: this.me });
  }

  /**
   * A doctor heard it: who is at the other end, and that there everybody knows who is here.
   * @param {string} of
   * @param {Person[]} people
   */
  note(of, people) {
    this.#tell({ type: 'people', of, seq: this.#next(of), people, noted: true });
    this.confirm(of);
    const mine = this.#lists.get(this.me);
    if (mine) this.#tell({ type: 'known', of: this.me, seq: mine.seq, by: of, noted: true });
  }

  /** @param {string} of */
  #next(of) {
    return (this.#lists.get(of)?.seq ?? 0) + 1;
  }

  /** @param {People | Known} message */
  #tell(message) {
    this.#keep(message);
    this.send(message);
    this.changed();
  }

  /** Another end can be talked to: it hears what was said here. @param {string} peerId */
  opened(peerId) {
    const mine = this.#lists.get(this.me);
    if (mine) this.send(mine, peerId);
    const known = [...this.#known.values()].filter(({ by, noted }) => by === this.me && !noted);
    for (const each of known) this.send(each, peerId);
  }

  /**
   * @param {{peer_id: string, role: string}} sender
   * @param {Talk} message anything that came on the channel
   */
  heard(sender, message) {
    if (message.type !== 'people' && message.type !== 'known') return;
    const author = message.type === 'people' ? message.of : message.by;
    const itself = author === sender.peer_id && !message.noted;
    if (!itself && !(message.noted && sender.role === 'doctor')) return;
    if (message.type === 'people' && !this.#isNewer(message, itself)) return;
    this.#keep(message);
    this.changed();
  }

  /** Of two lists of one number that of the end itself counts. @param {People} message @param {boolean} itself */
  #isNewer(message, itself) {
    const old = this.#lists.get(message.of)?.seq ?? 0;
    return message.seq > old || (itself && message.seq === old);
  }

  /** @param {People | Known} message */
  #keep(message) {
    if (message.type === 'people') this.#lists.set(message.of, message);
    else if (message.seq >= (this.#known.get(`${message.by} ${message.of}`)?.seq ?? 0)) {
      this.#known.set(`${message.by} ${message.of}`, message);
    }
  }

  /** That end is gone. @param {string} peerId */
  parted(peerId) {
    this.#lists.delete(peerId);
    for (const key of [...this.#known.keys()]) if (key.split(' ').includes(peerId)) this.#known.delete(key);
    this.changed();
  }
}

// @ts-check
/**
 * What the doctor said of whose value it is, until the room has taken it. A line that does not answer loses nothing: the
 * page holds it for said, and says it to the room again when that is back.
 */

/** @typedef {import('./devices.js').Confirmed} Confirmed */
/** @typedef {'none' | 'good' | 'slow' | 'lost'} Line */

export class Answers {
  /** Not taken yet. @type {Map<string, boolean>} */
  #open = new Map();
  /** @type {Line} */
  #line = 'none';

  /**
   * @param {(message: {type: 'confirm', vital_id: string, belongs: boolean}) => void} say to the room
   * @param {(confirmed: Confirmed) => void} confirmed what the page shows
   */
  constructor(say, confirmed) {
    this.say = say;
    this.confirmed = confirmed;
  }

  /** @param {string} vitalId @param {boolean} belongs */
  give(vitalId, belongs) {
    this.#open.set(vitalId, belongs);
    if (this.#line === 'good') this.#tell(vitalId, belongs);
    else this.#hold(vitalId, belongs);
  }

  /** The room has told all who said what. @param {Confirmed} confirmed */
  hear(confirmed) {
    this.#open.delete(confirmed.vital_id);
    this.confirmed(confirmed);
  }

  /** @param {Line} line */
  is(line) {
    if (line === this.#line) return;
    this.#line = line;
    for (const [vitalId, belongs] of this.#open) {
      if (line === 'good') this.#tell(vitalId, belongs);
      else this.#hold(vitalId, belongs);
    }
  }

  /** @param {string} vitalId @param {boolean} belongs */
  #tell(vitalId, belongs) {
    this.say({ type: 'confirm', vital_id: vitalId, belongs });
  }

  /** @param {string} vitalId @param {boolean} belongs */
  #hold(vitalId, belongs) {
    this.confirmed({ type: 'confirmed', vital_id: vitalId, belongs, by: 'doctor', at: new Date().toISOString() });
  }
}

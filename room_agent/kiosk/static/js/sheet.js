/** The sheet with the values of the visit, for the patient's hand: filled, printed once, emptied. */

import { words } from './words.js';

/** @typedef {{label_key: string, value: string, unit: string, at: string, device_name: string, confirmed: boolean}} SheetLine */
/** @typedef {{type: 'sheet', lines: SheetLine[], simulated: boolean}} Sheet */

/** A printer that never says that it is done. */
const LONGEST_MS = 30_000;
const ZONE = 'Europe/Berlin';
/** Einfache Sprache and German alike, and whatever else the page speaks. */
const LANGUAGE = document.documentElement.lang;
const DAY = new Intl.DateTimeFormat(LANGUAGE, { timeZone: ZONE, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const CLOCK = new Intl.DateTimeFormat(LANGUAGE, { timeZone: ZONE, hour: '2-digit', minute: '2-digit' });

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class SheetOffer {
  #wanted = false;
  #refused = false;

  /** @param {() => void} ask */
  constructor(ask) {
    by('sheet-yes').addEventListener('click', () => {
      this.#wanted = true;
      this.#turn(false);
      by('sheet-printing').hidden = false;
      ask();
    });
    by('sheet-no').addEventListener('click', () => {
      this.#refused = true;
      this.#turn(false);
    });
  }

  /** @param {boolean} offered */
  show(offered) {
    this.#turn(offered && !this.#wanted && !this.#refused);
  }

  /** Another visit: nothing of the last one is asked, said or printed. */
  reset() {
    this.#wanted = this.#refused = false;
    this.#turn(false);
    by('sheet-printing').hidden = true;
    empty();
  }

  /** @param {boolean} on */
  #turn(on) {
    by('sheet-offer').hidden = !on;
  }

  /** @param {Sheet} sheet */
  print({ lines, simulated }) {
    if (!this.#wanted || lines.length === 0) return;
    fill(lines, simulated);
    addEventListener('afterprint', empty, { once: true });
    setTimeout(empty, LONGEST_MS);
    window.print();
  }
}

/**
 * @param {SheetLine[]} lines
 * @param {boolean} simulated
 */
function fill(lines, simulated) {
  by('sheet-day').textContent = DAY.format(new Date(lines[0]?.at ?? Number.NaN));
  by('sheet-simulated').hidden = !simulated;
  by('sheet-unconfirmed').hidden = lines.every(({ confirmed }) => confirmed);
  by('sheet-lines').replaceChildren(...lines.map(row));
}

function empty() {
  by('sheet-day').textContent = '';
  by('sheet-lines').replaceChildren();
  by('sheet-simulated').hidden = by('sheet-unconfirmed').hidden = true;
}

/** @param {SheetLine} line */
function row({ label_key: key, value, unit, at, device_name: device, confirmed }) {
  const made = document.createElement('tr');
  const label = document.createElement('th');
  label.scope = 'row';
  label.textContent = words(key);
  const number = cell(`${value} ${unit}${confirmed ? '' : ' *'}`);
  number.className = 'digits';
  made.append(label, number, cell(CLOCK.format(new Date(at))), cell(device));
  return made;
}

/** @param {string} text */
function cell(text) {
  const made = document.createElement('td');
  made.textContent = text;
  return made;
}

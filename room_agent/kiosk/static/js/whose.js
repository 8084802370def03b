/** The question whose value it is, to whoever sits before the screen. One touch answers it; nothing of it stays. */

import { words } from './words.js';

/** @typedef {{label_key: string, value: string, unit: string}} Line */
/** @typedef {{vital_id: string, kind: string, device_name: string, lines: Line[]}} ToConfirm */
/** @typedef {{type: 'confirm', vital_id: string, belongs: boolean, by: 'patient' | 'assistant'}} Confirm */

/** So long a new question takes no answer: the finger was on its way to another one. */
const UNSEEN_MS = 700;
/** After this an answer that did not arrive can be given again. */
const AGAIN_MS = 4000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Whose {
  #asked = '';
  #wait = 0;

  /** @param {(answer: Confirm) => void} send */
  constructor(send) {
    for (const button of by('whose').querySelectorAll('button')) {
      button.addEventListener('click', () => {
        this.#enable(false, AGAIN_MS);
        const who = button.dataset.by === 'assistant' ? 'assistant' : 'patient';
        send({ type: 'confirm', vital_id: this.#asked, belongs: button.dataset.belongs === 'yes', by: who });
      });
    }
  }

  /** @param {ToConfirm | null} question */
  show(question) {
    by('whose').hidden = question === null;
    if (question === null) {
      this.#asked = '';
      delete by('whose').dataset.kind;
      by('whose-device').textContent = '';
      by('whose-lines').replaceChildren();
      return;
    }
    by('whose-device').textContent = question.device_name;
    by('whose-lines').replaceChildren(...question.lines.flatMap(inWords));
    if (question.vital_id === this.#asked) return;
    const same = this.#asked !== '' && by('whose').dataset.kind === question.kind;
    by('whose').dataset.kind = question.kind;
    this.#asked = question.vital_id;
    if (!same) this.#enable(false, UNSEEN_MS);
  }

  /**
   * @param {boolean} on
   * @param {number} [turnAfterMs]
   */
  #enable(on, turnAfterMs) {
    clearTimeout(this.#wait);
    for (const button of by('whose').querySelectorAll('button')) button.disabled = !on;
    if (turnAfterMs) this.#wait = window.setTimeout(() => this.#enable(true), turnAfterMs);
  }
}

/** @param {Line} line */
function inWords({ label_key: key, value, unit }) {
  const label = document.createElement('dt');
  label.textContent = words(key);
  const said = document.createElement('dd');
  const number = document.createElement('strong');
  number.className = 'digits';
  number.textContent = value;
  said.append(number, ` ${unit}`);
  return [label, said];
}

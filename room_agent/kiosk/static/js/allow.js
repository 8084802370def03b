/**
 * What the doctor may see and hear: a question with a yes and a no for each camera and for the stethoscope, what was
 * allowed and can be taken back, and a no to a measurement.
 */

import { words } from './words.js';

/** @typedef {{stream: string, name: string}} ToAllow */
/** @typedef {{type: 'allow', stream: string, yes: boolean, by: 'patient' | 'assistant'} | {type: 'decline', kind: string}} Answer */

/** So long a new question takes no answer: the finger was on its way to another one. */
const UNSEEN_MS = 700;
/** After this an answer that did not arrive can be given again. */
const AGAIN_MS = 4000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Allow {
  #asked = '';
  #wait = 0;
  /** @type {string | null} */
  #measuring = null;

  /** @param {(answer: Answer) => void} send */
  constructor(send) {
    this.send = send;
    for (const button of by('allow').querySelectorAll('button')) {
      button.addEventListener('click', () => {
        this.#enable(false, AGAIN_MS);
        const who = button.dataset.by === 'assistant' ? 'assistant' : 'patient';
        send({ type: 'allow', stream: this.#asked, yes: button.dataset.yes === 'yes', by: who });
      });
    }
    by('decline').addEventListener('click', () => this.#measuring && send({ type: 'decline', kind: this.#measuring }));
  }

  /** @param {import('./line.js').Show} show */
  update(show) {
    this.#measuring = show.measuring;
    by('decline').hidden = !show.measuring;
    this.#ask(show.to_allow ?? null);
    this.#list(show.allowed ?? []);
  }

  /** @param {ToAllow | null} question */
  #ask(question) {
    by('allow').hidden = question === null;
    if (question === null || question.stream === this.#asked) {
      if (question === null) this.#asked = '';
      return;
    }
    this.#asked = question.stream;
    const hears = question.stream === 'stethoscope';
    by('allow').dataset.sense = hears ? 'hear' : 'see';
    by('allow-device').textContent = question.name;
    by('allow-question').textContent = words(hears ? 'kiosk.allow.hear' : 'kiosk.allow.see');
    this.#enable(false, UNSEEN_MS);
  }

  /** @param {ToAllow[]} allowed */
  #list(allowed) {
    const shown = allowed.map(({ stream }) => stream).join();
    if ((by('allowed').dataset.streams ?? '') === shown) return;
    if (shown) by('allowed').dataset.streams = shown;
    else delete by('allowed').dataset.streams;
    by('allowed').replaceChildren(
      ...allowed.map(({ stream, name }) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'second';
        button.dataset.stream = stream;
        button.textContent = words('kiosk.allow.back').replace('{name}', name);
        button.addEventListener('click', () => this.send({ type: 'allow', stream, yes: false, by: 'patient' }));
        return button;
      }),
    );
  }

  /**
   * @param {boolean} on
   * @param {number} [turnAfterMs]
   */
  #enable(on, turnAfterMs) {
    clearTimeout(this.#wait);
    for (const button of by('allow').querySelectorAll('button')) button.disabled = !on;
    if (turnAfterMs) this.#wait = window.setTimeout(() => this.#enable(true), turnAfterMs);
  }

  /** Nobody is asked anything. */
  clear() {
    this.#ask(null);
    by('allow-device').textContent = by('allow-question').textContent = '';
    by('allow').dataset.sense = 'see';
    this.#list([]);
    by('decline').hidden = true;
  }
}

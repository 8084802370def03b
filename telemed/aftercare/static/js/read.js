// @ts-check
/** Opens the sheet with the key in the page's own address, shows it, prints it, reads it out; nothing of it is sent. */
import { dayOf, isInstructions, shown, wordsIn } from '/static/js/instructions.js';
import { opened } from './seal.js';
import { Speaker } from './speak.js';

const root = /** @type {HTMLElement} */ (document.getElementById('instructions'));
const say = wordsIn('words');
const { sheet: id = '', sealed = '', language = 'de' } = root.dataset;

/** @template {HTMLElement} T @param {string} name @returns {T} */
const part = (name) => /** @type {T} */ (root.querySelector(`[data-${name}]`));

/** @param {'open' | 'wrong'} state */
function turnTo(state) {
  for (const each of root.querySelectorAll('[data-when]')) {
    if (each instanceof HTMLElement) each.hidden = each.dataset.when !== state;
  }
}

/** The same sheet in another language: the address alone does not carry the key along. */
function keepKey() {
  for (const link of document.querySelectorAll('.languages a')) {
    if (link instanceof HTMLAnchorElement) link.hash = location.hash;
  }
}

async function open() {
  try {
    const found = await opened({ id, key: location.hash.slice(1) }, sealed);
    if (!isInstructions(found)) return turnTo('wrong');
    part('from').textContent = say('aftercare.from', { doctor: found.doctor, day: dayOf(found.made, language) });
    part('sheet-place').replaceChildren(shown(found, say, language));
    turnTo('open');
  } catch {
    turnTo('wrong');
  }
}

keepKey();
addEventListener('hashchange', () => location.reload());
part('print').addEventListener('click', () => print());
new Speaker(part('speak'), part('speak-note'), () => part('sheet-place'), language, say);
await open();

/**
 * The sheet that the doctor gives along: told of in the talk, shown at the farewell with a code for a telephone, printed
 * when asked. It is in memory only, until somebody says that it is done, somebody else's turn begins, or it took too long.
 */

import { shown, wordsIn } from '/static/js/instructions.js';
import { draw } from '/static/js/qr.js';

/** @typedef {import('/static/js/talk.js').TakeHome} Given */

/** The assistant has time to come, and to print. */
const LONGEST_MS = 180_000;
/** A printer that never says that it is done. */
const PRINTS_MS = 30_000;
const LANGUAGE = document.documentElement.lang;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const say = wordsIn('words');

export class TakeHome {
  /** @type {Given | null} */
  #given = null;
  #timer = 0;

  /** @param {() => void} over show what the agent last said, as if there were no sheet */
  constructor(over) {
    this.over = over;
    by('take-home-print').addEventListener('click', () => this.#print());
    by('take-home-done').addEventListener('click', () => this.#done());
  }

  /** A talk begins. @param {import('/static/js/conversation.js').Conversation} talk */
  meet(talk) {
    talk.on({ onTalk: (_peer, message, { role }) => role === 'doctor' && message.type === 'take-home' && this.#hear(message) });
  }

  /** @param {Given} given */
  #hear(given) {
    this.#given = given;
    by('take-home-came').hidden = false;
    by('take-home-place').replaceChildren(sheetOf(given));
    draw(/** @type {HTMLCanvasElement} */ (by('take-home-code')), given.link);
    by('take-home').hidden = false;
  }

  /**
   * What is shown: the farewell stays while the sheet is there.
   * @param {import('./line.js').Show['screen']} screen what the agent says
   */
  screen(screen) {
    if (!this.#given || screen === 'call') return screen;
    if (screen !== 'farewell' && screen !== 'cleaning') {
      this.clear();
      return screen;
    }
    this.#timer ||= setTimeout(() => this.#done(), LONGEST_MS);
    return 'farewell';
  }

  #done() {
    this.clear();
    this.over();
  }

  #print() {
    const [own, values] = [by('take-home-sheet'), by('sheet')];
    if (!this.#given) return;
    own.replaceChildren(title(), sheetOf(this.#given));
    own.hidden = false;
    values.hidden = true;
    const after = () => {
      own.replaceChildren();
      own.hidden = true;
      values.hidden = false;
    };
    addEventListener('afterprint', after, { once: true });
    setTimeout(after, PRINTS_MS);
    window.print();
  }

  /** Nothing of it stays. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#given = null;
    for (const id of ['take-home', 'take-home-came']) by(id).hidden = true;
    for (const id of ['take-home-place', 'take-home-sheet']) by(id).replaceChildren();
    const code = /** @type {HTMLCanvasElement} */ (by('take-home-code'));
    code.width = code.height = 0;
  }
}

/** Nobody telephones from here: its numbers are no links. @param {Given} given */
function sheetOf({ sheet }) {
  const found = shown(sheet, say, LANGUAGE);
  for (const link of found.querySelectorAll('a')) link.removeAttribute('href');
  return found;
}

function title() {
  const made = document.createElement('h1');
  made.textContent = by('take-home-title').textContent;
  return made;
}

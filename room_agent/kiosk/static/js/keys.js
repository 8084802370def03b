/**
 * Three big keys beside the screen, which are a keyboard to the computer: yes, no, help. Which key is which the room's
 * settings say. A key presses what is asked now (`data-key`), and nothing where nothing is asked.
 */

/** @typedef {'yes' | 'no' | 'help'} Meaning */

export class Keys {
  /** @type {Map<string, Meaning>} */
  #meanings = new Map();

  /** @param {() => void} help */
  constructor(help) {
    const place = document.getElementById('keys');
    for (const meaning of /** @type {Meaning[]} */ (['yes', 'no', 'help'])) {
      const key = place?.dataset[meaning];
      if (key) this.#meanings.set(key, meaning);
    }
    document.body.classList.toggle('with-keys', place?.dataset.yes !== '');
    addEventListener('keydown', (event) => {
      const meaning = this.#meanings.get(event.key);
      if (!meaning) return;
      event.preventDefault();
      if (event.repeat) return;
      if (meaning === 'help') help();
      else press(meaning);
    });
  }
}

/** @param {'yes' | 'no'} meaning */
function press(meaning) {
  const dialog = document.querySelector('dialog[open]');
  const all = [...(dialog ?? document).querySelectorAll(`[data-key="${meaning}"]`)];
  const asked = all.filter((each) => each instanceof HTMLButtonElement && each.checkVisibility() && !each.disabled);
  const first = asked.find((each) => !each.closest('#practice')) ?? asked[0]; // "on" is for where nothing is asked
  if (first instanceof HTMLButtonElement) first.click();
}

/** What people see of trust: three pictures with their names, and the red screen when an end is not who it must be. */

/**
 * Three pictures with their names below.
 * @param {Element} list
 * @param {string[]} names of `CALL_PICTURES`
 * @param {(key: string) => string} say
 * @param {number} size in CSS pixels
 */
export function showPictures(list, names, say, size) {
  list.replaceChildren(
    ...names.map((name) => {
      const item = document.createElement('li');
      const image = document.createElement('img');
      Object.assign(image, { src: `/static/tickets/${name}.svg`, alt: '', width: size, height: size });
      const word = document.createElement('span');
      word.textContent = say(`ticket.${name}`);
      item.dataset.picture = name;
      item.append(image, word);
      return item;
    }),
  );
}

/** The red screen over everything: no picture and no sound of anybody stays in the page. */
export class RedScreen {
  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.dialog = dialog;
    dialog.addEventListener('cancel', (event) => event.preventDefault());
  }

  get isShown() {
    return this.dialog.open;
  }

  show() {
    for (const media of document.querySelectorAll('video, audio')) {
      if (media instanceof HTMLMediaElement) media.srcObject = null;
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  hide() {
    this.dialog.close();
  }
}

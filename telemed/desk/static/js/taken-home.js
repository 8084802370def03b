// @ts-check
/** At home: the link of the sheet that the doctor gave along, in the talk and when it is over. */

/** @param {string} link as the contract of the talk has it */
export function showTakeHome(link) {
  for (const place of document.querySelectorAll('[data-take-home]')) {
    if (!(place instanceof HTMLElement)) continue;
    /** @type {HTMLAnchorElement} */ (place.querySelector('a')).href = link;
    place.hidden = false;
  }
}

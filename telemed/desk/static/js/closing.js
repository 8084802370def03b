// @ts-check
/** After a visit: how much of it the practice got, as this browser remembers it until it is closed. Only counts. */
import { byId, say } from './words.js';

const HANDED = 'telemed-handed';

/**
 * What the call leaves behind for the day's page.
 * @param {string} visit
 * @param {{ values: number, pictures: number, unsaved: boolean }} handed
 */
export function remember(visit, handed) {
  sessionStorage.setItem(HANDED, JSON.stringify({ visit, ...handed }));
}

/** Say it, if it was this visit. */
export function show() {
  const place = document.querySelector('[data-handed]');
  const kept = JSON.parse(sessionStorage.getItem(HANDED) ?? 'null');
  if (!(place instanceof HTMLElement) || kept?.visit !== byId('closing', HTMLElement).dataset.closing) return;
  const nothing = kept.values + kept.pictures === 0;
  place.textContent = say(`desk.js.handed.${nothing ? 'nothing' : kept.unsaved ? 'not' : 'done'}`, kept);
  place.hidden = false;
}

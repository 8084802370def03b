/**
 * The only place where text becomes markup, or the address of a script.
 *
 * A browser that knows Trusted Types lets no other place do it (the page's policy demands it): what is made here comes
 * from our own server, and a document that is parsed like this runs no script.
 */

const trust = trusted();

function trusted() {
  const types = /** @type {{ trustedTypes?: TrustedTypes }} */ (/** @type {unknown} */ (globalThis)).trustedTypes;
  return types?.createPolicy('telemed', { createHTML: (html) => html, createScriptURL: ours });
}

/** @param {string} address */
function ours(address) {
  if (new URL(address, location.href).origin !== location.origin) throw new TypeError('not our own script');
  return address;
}

/** @param {string} html a page or a part of one, as our server sent it */
export function parsed(html) {
  return new DOMParser().parseFromString(trust ? trust.createHTML(html) : html, 'text/html');
}

/** @param {string} address of a script of our own server */
export function scriptAt(address) {
  return trust ? trust.createScriptURL(address) : address;
}

/**
 * Show in *place* what stands in *other*, of the same page or another.
 *
 * @param {Element} place
 * @param {Element | null | undefined} other nothing empties it
 */
export function refill(place, other) {
  place.replaceChildren(...[...(other?.childNodes ?? [])].map((each) => document.importNode(each, true)));
}

/**
 * A fault that is chosen is there at once, without loading the page anew.
 */

const words = /** @type {HTMLElement} */ (document.getElementById('faults')).dataset;

/** @param {HTMLFormElement} form */
async function provoke(form) {
  const said = /** @type {HTMLElement} */ (form.querySelector('[data-said]'));
  said.textContent = '';
  const fault = String(new FormData(form).get('fault'));
  const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams({ fault }) }).catch(() => null);
  said.textContent = (answer?.ok ? words.done : words.failed) ?? '';
}

for (const form of document.querySelectorAll('form.faults')) {
  if (form instanceof HTMLFormElement) form.addEventListener('change', () => provoke(form));
}

// @ts-check
/** The doctor's day, as it begins. */
import { forget, forgetOld } from '/static/aftercare/js/drafts.js';
import { show } from './closing.js';

show();

/** Whoever is done with a visit is done with the sheet that she had begun for it. */
const done = document.querySelector('form[action$="/abgeschlossen"]');
if (done instanceof HTMLFormElement) {
  done.addEventListener('submit', async (event) => {
    event.preventDefault();
    await forget(document.getElementById('closing')?.dataset.closing ?? '').catch(() => {});
    done.submit();
  });
  done.dataset.ready = 'true';
}
await forgetOld();

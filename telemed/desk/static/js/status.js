// @ts-check
/** Keeps the own appointment fresh without a reload, so that only what changed is read out. */

const TOO_OLD_MS = 60_000;

/**
 * Ask for the page again and take over what changed.
 *
 * @param {HTMLElement} own the part that is kept fresh
 * @returns {Promise<boolean>} whether the answer came
 */
async function refresh(own) {
  try {
    const answer = await fetch("/mein-termin", { headers: { accept: "text/html" } });
    if (answer.status >= 500) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("own");
    if (!fresh || fresh.dataset.fresh !== own.dataset.fresh) location.reload();
    else takeOver(own, fresh);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {HTMLElement} own
 * @param {HTMLElement} fresh
 */
function takeOver(own, fresh) {
  [...own.children].forEach((part, place) => {
    const news = fresh.children[place];
    if (news && part.innerHTML !== news.innerHTML) {
      part.innerHTML = news.innerHTML;
      part.className = news.className;
    }
  });
}

function start() {
  const own = document.getElementById("own");
  const stale = document.getElementById("stale");
  if (!own || !stale) return;
  let heard = Date.now();
  setInterval(async () => {
    if (await refresh(own)) heard = Date.now();
    stale.hidden = Date.now() - heard < TOO_OLD_MS;
  }, Number(own.dataset.fresh ?? 20) * 1000);
}

start();

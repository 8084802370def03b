// Reads the page out, sentence by sentence, and shows which one; without it the link leads to one sound for all.
// Only what the server sealed into the link is ever spoken. It stops when the page is left.

/** @typedef {{say: string, shown: string, hidden: boolean}} Sentence */
/** @typedef {{text: string, at: {node: Text, offset: number}[]}} Letters */

const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById('aloud'));
const main = /** @type {HTMLElement | null} */ (document.querySelector('main'));
const LINK = /id="aloud" href="([\w\-/.]+)"/;

/** The letters of the page without spaces, and where each stands. @param {HTMLElement} root @returns {Letters} */
function lettersOf(root) {
  /** @type {Letters} */
  const found = { text: '', at: [] };
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = /** @type {Text | null} */ (walk.nextNode()); node; node = /** @type {Text | null} */ (walk.nextNode())) {
    if (node.parentElement?.closest('script, style, template, svg, select, option')) continue;
    for (let offset = 0; offset < node.data.length; offset += 1) {
      if (/\s/.test(node.data.charAt(offset))) continue;
      found.text += node.data.charAt(offset);
      found.at.push({ node, offset });
    }
  }
  return found;
}

/** Where a sentence stands, looked for from a place on. @param {Letters} letters @param {string} shown @param {number} from */
function rangeOf(letters, shown, from) {
  const wanted = shown.replace(/\s/g, '');
  const start = wanted ? letters.text.indexOf(wanted, from) : -1;
  if (start < 0) return null;
  const [first, last] = [letters.at[start], letters.at[start + wanted.length - 1]];
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, last.offset + 1);
  return { range, end: start + wanted.length };
}

/** @param {Range | null} range */
function show(range) {
  document.querySelector('.aloud-now')?.classList.remove('aloud-now');
  const marks = /** @type {{set: Function, delete: Function} | undefined} */ (/** @type {any} */ (CSS).highlights);
  marks?.delete('aloud');
  if (!range) return;
  const around = range.startContainer.parentElement;
  if (marks) marks.set('aloud', new /** @type {any} */ (window).Highlight(range));
  else around?.classList.add('aloud-now');
  around?.scrollIntoView({ block: 'nearest' });
}

/** @param {HTMLAudioElement} sound @param {AbortSignal} signal @returns {Promise<void>} */
function played(sound, signal) {
  return new Promise((done, failed) => {
    signal.addEventListener('abort', () => { sound.pause(); failed(signal.reason); });
    sound.addEventListener('ended', () => done());
    sound.addEventListener('error', () => failed(sound.error));
    sound.play().catch(failed);
  });
}

class Reader {
  /** @type {AbortController | null} */
  #going = null;

  /** @param {HTMLAnchorElement} link @param {HTMLElement} main */
  constructor(link, main) {
    this.link = link;
    this.main = main;
    this.label = /** @type {HTMLElement} */ (link.querySelector('span'));
    this.seen = main.textContent;
    link.setAttribute('role', 'button');
    link.addEventListener('keydown', (event) => { if (event.key === ' ') { event.preventDefault(); link.click(); } });
    link.addEventListener('click', (event) => {
      event.preventDefault();
      if (this.#going) this.stop(); else void this.start(main);
    });
    addEventListener('pagehide', () => this.stop());
    const now = main.querySelector('[data-aloud-now]');
    if (now) void this.start(now);
  }

  stop() {
    this.#going?.abort();
    this.#going = null;
    show(null);
    this.label.textContent = this.link.dataset.start ?? '';
    this.link.classList.remove('is-reading');
  }

  /** @param {Element} within only what stands there */
  async start(within) {
    this.#going = new AbortController();
    this.label.textContent = this.link.dataset.stop ?? '';
    this.link.classList.add('is-reading');
    try {
      await this.#read(this.#going.signal, within);
      this.stop();
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (name === 'AbortError') return;
      this.stop();
      if (name !== 'NotAllowedError') this.label.textContent = this.link.dataset.failed ?? '';
    }
  }

  /** The newest link: what changed since the page came is read as it is now. @param {AbortSignal} signal */
  async #address(signal) {
    if (this.main.textContent !== this.seen && this.link.dataset.again) {
      const page = await fetch(location.href, { signal });
      const found = LINK.exec(await page.text());
      if (page.ok && found?.[1]) return found[1].replace('.mp3', '');
    }
    return this.link.pathname.replace('.mp3', '');
  }

  /** @param {AbortSignal} signal @param {Element} within */
  async #read(signal, within) {
    const base = await this.#address(signal);
    const answer = await fetch(`${base}/saetze`, { signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const sentences = /** @type {Sentence[]} */ (await answer.json());
    const soundOf = (/** @type {number} */ number) => new Audio(`${base}/${number}.mp3`);
    let from = 0;
    /** @type {HTMLAudioElement | null} */
    let next = null;
    for (const [number, one] of sentences.entries()) {
      const place = rangeOf(lettersOf(this.main), one.shown, from);
      if (place ? place.range.getClientRects().length === 0 : one.hidden) continue;
      from = place ? place.end : from;
      if (within !== this.main && !(place && within.contains(place.range.startContainer))) continue;
      const sound = next?.src.endsWith(`/${number}.mp3`) ? next : soundOf(number);
      next = number + 1 < sentences.length ? soundOf(number + 1) : null;
      show(place && place.range);
      await played(sound, signal);
    }
  }
}

if (link && main) new Reader(link, main);

export {}; // a module, so that its names are its own

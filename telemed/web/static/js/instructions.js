// @ts-check
/**
 * The sheet for after a visit (schemas/conversation.py, `Instructions`): reading it, and showing it in the language of
 * the page. Of each block it carries the German words as the doctor saw them; where the page's language has words for
 * the key, those are shown. What the doctor wrote herself stays as it is.
 */

/** @typedef {{group: string, key: string, german: string}} Block */
/** @typedef {{start: string, place: string}} Next */
/** @typedef {{blocks: Block[], line: string, next: Next | null, doctor: string, made: string, phone: string}} Instructions */
/** @typedef {(key: string, params?: Record<string, string>) => string | null} Say null: no words for it */

const FIRST = ['do', 'measure', 'go'];
/** Beside the numbers. */
const LAST = ['call', 'alarm'];
export const GROUPS = [...FIRST, ...LAST];
export const MOST_BLOCKS = 20;
export const LONGEST_LINE = 600;
const ZONE = 'Europe/Berlin';

/** @param {unknown} value @param {number} most */
const isText = (value, most) => typeof value === 'string' && value.length <= most;
/** @param {any} value */
const isBlock = (value) => GROUPS.includes(value?.group) && /^[a-z]{1,20}$/.test(value.key) && isText(value.german, 300);
/** @param {any} value */
const isNext = (value) => isMoment(value?.start) && isText(value.place, 200);
/** @param {any} value */
const isMoment = (value) => isText(value, 40) && !Number.isNaN(Date.parse(value));

/**
 * Whether *value* is a sheet.
 * @param {any} value
 * @returns {value is Instructions}
 */
export function isInstructions(value) {
  return Array.isArray(value?.blocks) && value.blocks.length <= MOST_BLOCKS && value.blocks.every(isBlock)
    && isText(value.line, LONGEST_LINE) && (value.next === null || isNext(value.next))
    && isText(value.doctor, 80) && isMoment(value.made) && isText(value.phone, 40);
}

/** The link of a sheet, whole: with what no server is sent. @param {unknown} value */
export function isSheetLink(value) {
  return isText(value, 300) && /^https?:\/\/[^/\s?#]+\/nachsorge\/[\w-]{22}(\?sprache=[a-z-]{2,9})?#[\w-]{43}$/.test(String(value));
}

/**
 * The words that a page brought along in the JSON block *id*.
 * @param {string} id
 * @returns {Say}
 */
export function wordsIn(id) {
  const catalogue = JSON.parse(document.getElementById(id)?.textContent ?? '{}');
  return (key, params = {}) => {
    const found = catalogue[key];
    return typeof found === 'string' ? found.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole) : null;
  };
}

/**
 * The sheet as elements, in the order in which it is read: what to do, the doctor's own words, when one meets again,
 * whom to call, and what is an emergency.
 * @param {Instructions} sheet
 * @param {Say} say
 * @param {string} language as in HTML's lang
 */
export function shown(sheet, say, language) {
  const found = document.createDocumentFragment();
  for (const group of FIRST) found.append(...section(sheet, group, say, language));
  found.append(...ownWords(sheet.line, say, language), ...meeting(sheet, say, language));
  for (const group of LAST) found.append(...section(sheet, group, say, language));
  found.append(...numbers(sheet, say));
  return found;
}

/** @param {Instructions} sheet @param {string} group @param {Say} say @param {string} language */
function section(sheet, group, say, language) {
  const blocks = sheet.blocks.filter((block) => block.group === group);
  if (!blocks.length) return [];
  const part = made('section', group === 'alarm' ? 'instructions-alarm' : '');
  const list = document.createElement('ul');
  for (const block of blocks) {
    const words = say(`aftercare.block.${block.key}`);
    const item = made('li', '', words ?? block.german);
    if (words === null && language !== 'de') item.lang = 'de';
    list.append(item);
  }
  part.append(made('h2', '', say(`aftercare.group.${group}`) ?? ''), list);
  return [part];
}

/** @param {string} line @param {Say} say @param {string} language */
function ownWords(line, say, language) {
  if (!line) return [];
  const part = made('section', 'instructions-own');
  const words = made('p', 'instructions-line', line);
  words.lang = 'de';
  words.dir = 'ltr';
  part.append(made('h2', '', say('aftercare.own') ?? ''), words);
  if (language !== 'de') part.append(made('p', 'quiet', say('aftercare.own.german') ?? ''));
  return [part];
}

/** @param {Instructions} sheet @param {Say} say @param {string} language */
function meeting({ next, made: written }, say, language) {
  if (!next) return [];
  const part = made('section');
  const when = made('strong', '', say('aftercare.next.when', { day: dayOf(next.start, language), time: timeOf(next.start) }) ?? '');
  const line = made('p');
  line.append(when, made('br'), next.place);
  part.append(made('h2', '', say('aftercare.next') ?? ''), line);
  part.append(made('p', 'quiet', say('aftercare.next.more', { day: dayOf(written, language) }) ?? ''));
  return [part];
}

/** @param {Instructions} sheet @param {Say} say */
function numbers({ phone }, say) {
  const part = made('section');
  const list = made('ul', 'instructions-numbers');
  for (const [what, number] of [['112', '112'], ['116117', '116117'], ['desk', phone]]) {
    if (!number) continue;
    const item = made('li', '', `${say(`aftercare.number.${what}`) ?? ''} `);
    const link = made('a', 'digits', number === '116117' ? '116 117' : number);
    link.setAttribute('href', `tel:${(number ?? '').replaceAll(' ', '')}`);
    item.append(link);
    list.append(item);
  }
  part.append(made('h2', '', say('aftercare.numbers') ?? ''), list);
  return [part];
}

/** "Dienstag, 1. Dezember" @param {string} moment @param {string} language */
export function dayOf(moment, language) {
  const day = new Intl.DateTimeFormat(language, { timeZone: ZONE, weekday: 'long', day: 'numeric', month: 'long', numberingSystem: 'latn' });
  return day.format(new Date(moment));
}

/** @param {string} moment */
function timeOf(moment) {
  return new Intl.DateTimeFormat('de', { timeZone: ZONE, hour: '2-digit', minute: '2-digit' }).format(new Date(moment));
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [name] of the class
 * @param {string} [text]
 */
function made(tag, name = '', text = '') {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

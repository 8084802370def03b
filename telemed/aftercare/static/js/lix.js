// @ts-check
/** How hard a text is to read (LIX, Björnsson 1968): words in a sentence, and the share of words of seven letters and more. */

/** What residents' texts may reach. */
export const PLAIN = 35;
const LONG = 6;

/**
 * @param {string} text
 * @returns {number | null} null: too little to say anything of it
 */
export function lix(text) {
  const words = text.match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*/gu) ?? [];
  if (words.length < 4) return null;
  const sentences = text.split(/(?<!\d)[.!?…:]+(?:\s|$)/u).filter((part) => /[\p{L}\p{N}]/u.test(part)).length;
  const long = words.filter((word) => [...word].length > LONG).length;
  return words.length / Math.max(1, sentences) + (100 * long) / words.length;
}

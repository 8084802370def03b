// @ts-check
/** Making elements. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} properties
 * @param {string} text
 * @returns {HTMLElementTagNameMap[K]}
 */
export function made(tag, properties, text) {
  const element = Object.assign(document.createElement(tag), properties);
  element.textContent = text;
  return element;
}

// What vendored scripts put on the page, as far as our own modules use it.
interface Window {
  htmx?: { process(element: Element): void };
}

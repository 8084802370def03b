// @ts-check
/** The button that prints the slip; without a script it is not there. */

const button = document.getElementById("print");
if (button instanceof HTMLButtonElement) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

export {}; // a module, so that its names are its own

// @ts-check
/** The monitor's voice: chime and spoken calls, one after the other, and a word on the glass where there is no sound. */

/** @typedef {{ call_id: string, turn: number, files: string[] }} Spoken */
/** @typedef {{ volume: number, calls: Spoken[] }} Sound */
/** @typedef {"" | "blocked" | "failed"} Outcome */

const LONGEST_MS = 15000;
const READY = "/sound/ready.wav";

/** @param {HTMLAudioElement} audio @param {number} percent @returns {Promise<Outcome>} when it has been heard, or cannot be */
function played(audio, percent) {
  audio.volume = percent / 100;
  return new Promise((resolve) => {
    audio.addEventListener("ended", () => resolve(""));
    audio.addEventListener("pause", () => audio.ended || resolve(""));
    audio.addEventListener("error", () => resolve("failed"));
    setTimeout(() => resolve("failed"), LONGEST_MS);
    audio.play().catch((error) => resolve(error.name === "NotAllowedError" ? "blocked" : "failed"));
  });
}

/** Two calls never talk over each other; a call that leaves the board is not spoken to its end. */
export class Speaker {
  /** @type {Map<string, Spoken>} */
  #board = new Map();
  /** @type {Map<string, number>} */
  #said = new Map();
  /** @type {string[]} */
  #queue = [];
  /** @type {{ id: string, audio: HTMLAudioElement } | undefined} */
  #now;
  #volume = 0;
  #speaking = false;

  /** @param {(trouble: "" | "blocked" | "chimeOnly") => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /** @param {Sound} sound */
  hear({ volume, calls }) {
    const first = volume > 0 && this.#volume === 0;
    this.#volume = volume;
    this.#board = new Map(calls.map((call) => [call.call_id, call]));
    for (const id of this.#said.keys()) if (!this.#board.has(id)) this.#said.delete(id);
    if (this.#now && !this.#board.has(this.#now.id)) this.#now.audio.pause(); // came in, or there is an alarm
    for (const call of calls) this.#take(call);
    if (volume === 0) this.tell("");
    else if (first) void this.ready();
    void this.#speak();
  }

  /** Tries whether this page may be heard at all, and says so where it may not. */
  async ready() {
    this.tell((await played(new Audio(READY), this.#volume)) === "blocked" ? "blocked" : "");
  }

  /** @param {Spoken} call */
  #take({ call_id: id, turn }) {
    if (turn <= (this.#said.get(id) ?? 0)) return;
    this.#said.set(id, turn);
    if (this.#volume > 0 && !this.#queue.includes(id)) this.#queue.push(id);
  }

  async #speak() {
    if (this.#speaking) return;
    this.#speaking = true;
    for (let id = this.#queue.shift(); id; id = this.#queue.shift()) await this.#call(id);
    this.#speaking = false;
  }

  /** @param {string} id */
  async #call(id) {
    const sounds = (this.#board.get(id)?.files ?? []).map((file) => new Audio(file)); // all begin to load
    /** @type {Outcome[]} */
    const outcomes = [];
    for (const audio of sounds) {
      if (!this.#board.has(id)) return;
      this.#now = { id, audio };
      outcomes.push(await played(audio, this.#volume));
      this.#now = undefined;
    }
    if (!this.#board.has(id)) return;
    const [chime, ...spoken] = outcomes;
    this.tell(chime ? "blocked" : spoken.some(Boolean) ? "chimeOnly" : "");
  }
}

const mute = document.getElementById("mute");
const said = mute?.querySelector("span");
const speaker = new Speaker((trouble) => {
  if (!mute || !said) return;
  said.textContent = trouble ? (said.dataset[trouble] ?? "") : "";
  mute.hidden = !trouble;
});

// in a browser that was not started for it, a touch is a permission
addEventListener("pointerdown", () => void speaker.ready(), { once: true });

const stream = new EventSource("/sound/stream");
stream.addEventListener("sound", (event) => speaker.hear(JSON.parse(event.data)));

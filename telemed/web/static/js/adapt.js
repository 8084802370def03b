/**
 * How the talk follows the line: rules only. Speech comes first, then what the devices show, then the other's picture.
 *
 * A poor line makes the picture smaller, then none; the sound always goes on, and nobody is ever hung up. What the people want is
 * asked when a smaller picture was not enough (Anlage 31b BMV-Ä: the participants decide).
 */

/** @typedef {'full' | 'small' | 'off'} Picture */
/** @typedef {'good' | 'fair' | 'poor'} Grade */

/**
 * What came from one end within about a second.
 * @typedef {object} Sample
 * @property {number} concealed the share of its speech that had to be made up, 0 to 1
 * @property {number} lost the share of its packets that did not come, 0 to 1
 * @property {number} roundTripMs NaN where nobody knows
 */

/** Poor speech is hard to follow (ITU-T G.1070 and experience: 5 % made up); fair speech is heard to suffer. */
const POOR = { concealed: 0.05, lost: 0.1, roundTripMs: 800 };
const FAIR = { concealed: 0.02, lost: 0.04, roundTripMs: 400 };

const PICTURES = /** @type {const} */ (['full', 'small', 'off']);
/** So long it must be poor before a picture shrinks, and good before it grows again. */
const DOWN_MS = 3000;
const UP_MS = 15_000;
const LONGEST_UP_MS = 120_000;
/** So long it must be poor until people are asked; and good until the question goes. */
const ASK_MS = 6000;
const CALM_MS = 10_000;

/** @param {Sample} sample @returns {Grade} */
export function grade({ concealed, lost, roundTripMs }) {
  const over = (/** @type {typeof POOR} */ limit) =>
    concealed > limit.concealed || lost > limit.lost || roundTripMs > limit.roundTripMs;
  if (over(POOR)) return 'poor';
  return over(FAIR) ? 'fair' : 'good';
}

/** @param {Picture} one @param {Picture} other @returns {Picture} the smaller of two */
export function smaller(one, other) {
  return /** @type {Picture} */ (PICTURES[Math.max(PICTURES.indexOf(one), PICTURES.indexOf(other))]);
}

/**
 * What a picture of *width* × *height* is sent as; `small` is 640 × 360 at most.
 * @param {Picture} picture
 * @param {number} width pixels, of the camera
 * @param {number} height
 */
export function limits(picture, width, height) {
  const full = { active: picture !== 'off', scaleResolutionDownBy: 1, maxBitrate: 1_800_000 };
  if (picture !== 'small') return full;
  return { active: true, scaleResolutionDownBy: Math.max(1, width / 640, height / 360), maxBitrate: 800_000 };
}

/**
 * What a picture is sent as while nothing comes from the other end: what is lost now is asked for again when the line is
 * back, and the first picture then must be small to be there at once.
 * @param {number} width pixels, of the camera
 * @param {number} height
 */
export function beginning(width, height) {
  return { active: true, scaleResolutionDownBy: Math.max(1, width / 320, height / 180), maxBitrate: 150_000 };
}

/** What is wanted of one other end, as the line allows it. */
export class Steps {
  /** @type {Picture} */
  line = 'full';
  /** What the people chose: at most this. @type {Picture} */
  chosen = 'full';
  /** Whether people are to be asked now. */
  asks = false;
  #answered = false;
  #up = UP_MS;
  /** @type {Grade} */
  #grade = 'good';
  #since = 0;
  #steppedAt = 0;
  #cameUpAt = -Infinity;
  #lookedAt = 0;
  /** So much time says nothing of the line. */
  #paused = 0;

  /** @returns {Picture} */
  get want() {
    return smaller(this.line, this.chosen);
  }

  /**
   * @param {Grade} found
   * @param {number} now milliseconds of the monotonic clock
   */
  look(found, now) {
    this.#lookedAt = now;
    this.#judge(found, now - this.#paused);
  }

  /**
   * Nothing came, or what had piled up while nothing came: that is no poor line, and lasts no time.
   * @param {number} now
   */
  nothing(now) {
    this.#paused += now - this.#lookedAt;
    this.#lookedAt = now;
  }

  /** @param {Grade} found @param {number} now without the pauses */
  #judge(found, now) {
    if (found !== this.#grade) {
      this.#since = now;
      this.#grade = found;
    }
    const lasted = now - Math.max(this.#since, this.#steppedAt);
    if (found === 'poor' && lasted >= DOWN_MS && this.line !== 'off') this.#step(1, now);
    if (found === 'good' && lasted >= this.#up && this.line !== 'full') this.#step(-1, now);
    this.#ask(found, now - this.#since);
  }

  /** @param {1 | -1} by @param {number} now */
  #step(by, now) {
    if (by > 0 && now - this.#cameUpAt < UP_MS) this.#up = Math.min(LONGEST_UP_MS, this.#up * 2); // it was too early
    if (by < 0) this.#cameUpAt = now;
    this.line = /** @type {Picture} */ (PICTURES[PICTURES.indexOf(this.line) + by]);
    this.#steppedAt = now;
  }

  /** @param {Grade} found @param {number} lasted */
  #ask(found, lasted) {
    if (found === 'poor' && lasted >= ASK_MS && !this.#answered) this.asks = true;
    if (found !== 'poor' && lasted >= CALM_MS) this.asks = this.#answered = false;
  }

  /** Somebody has said how to go on; asked is again only after it was good for a while. @param {Picture} chosen */
  answer(chosen) {
    this.chosen = chosen;
    this.asks = false;
    this.#answered = true;
  }
}

/**
 * @typedef {object} Counted what `getStats` has counted of the speech so far
 * @property {number} concealed samples
 * @property {number} samples
 * @property {number} lost packets
 * @property {number} packets that came
 * @property {number} energy of the sound, and of how many *seconds*: both together its loudness
 * @property {number} seconds
 */

/** @param {RTCStatsReport} report @returns {Counted} */
export function counted(report) {
  const sum = { concealed: 0, samples: 0, lost: 0, packets: 0, energy: 0, seconds: 0 };
  for (const each of report.values()) {
    if (each.type !== 'inbound-rtp') continue;
    sum.lost += Math.max(0, each.packetsLost ?? 0);
    sum.packets += each.packetsReceived ?? 0;
    if (each.kind !== 'audio') continue;
    sum.concealed += (each.concealedSamples ?? 0) - (each.silentConcealedSamples ?? 0);
    sum.samples += each.totalSamplesReceived ?? 0;
    sum.energy += each.totalAudioEnergy ?? 0;
    sum.seconds += each.totalSamplesDuration ?? 0;
  }
  return sum;
}

/**
 * What came between two counts.
 * @param {Counted} before
 * @param {Counted} after
 * @param {number} roundTripMs
 * @returns {Sample}
 */
export function between(before, after, roundTripMs) {
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
  const lost = after.lost - before.lost;
  return {
    concealed: share(after.concealed - before.concealed, after.samples - before.samples),
    lost: share(lost, lost + after.packets - before.packets),
    roundTripMs,
  };
}

/**
 * How loud it was between two counts: root mean square, 1 is full scale; 0 where nothing came.
 * @param {Counted} before
 * @param {Counted} after
 */
export function level(before, after) {
  const seconds = after.seconds - before.seconds;
  return seconds > 0 ? Math.sqrt(Math.max(0, after.energy - before.energy) / seconds) : 0;
}

// @ts-check
/** Curves from the room: a piece is read and handed to whoever draws its kind (WAVE_HEADER in schemas/measurement.py). */

const HEADER_BYTES = 26; // u8 u8 u16 u32 u64 u16 f32 u32, little-endian, packed; then a u16 for each lead
const VERSION = 2;
const MAX_LEADS = 12;

export const PLETH = 1;
export const ECG = 2;
export const SOUND = 3;

/**
 * @typedef {object} Piece
 * @property {number} kind
 * @property {number} seq counts the pieces of this kind
 * @property {number} tMs real time of the first sample
 * @property {number} rateHz per lead
 * @property {number[]} codes one for each lead, 0 for none
 * @property {Int16Array} samples leads interleaved
 * @property {number} scale value = sample × scale
 * @property {number} gap samples per lead that were lost just before
 */

/**
 * @param {ArrayBuffer} data
 * @returns {Piece | null} null when it breaks the contract
 */
export function readPiece(data) {
  if (data.byteLength < HEADER_BYTES) return null;
  const view = new DataView(data);
  const [leads, rateHz] = [view.getUint16(2, true), view.getUint16(16, true)];
  const begin = HEADER_BYTES + 2 * leads;
  if (view.getUint8(0) !== VERSION || leads < 1 || leads > MAX_LEADS || rateHz === 0) return null;
  if (data.byteLength < begin || (data.byteLength - begin) % (2 * leads)) return null;
  return {
    kind: view.getUint8(1),
    seq: view.getUint32(4, true),
    tMs: Number(view.getBigUint64(8, true)) / 1000,
    rateHz,
    codes: Array.from({ length: leads }, (_, n) => view.getUint16(HEADER_BYTES + 2 * n, true)),
    samples: new Int16Array(data.slice(begin)),
    scale: view.getFloat32(18, true),
    gap: view.getUint32(22, true),
  };
}

export class Waves {
  /** @type {Map<number, (piece: Piece) => void>} */
  #takers = new Map();

  /**
   * @param {number} kind
   * @param {(piece: Piece) => void} taker
   */
  on(kind, taker) {
    this.#takers.set(kind, taker);
  }

  /**
   * @param {ArrayBuffer} data
   * @returns {boolean} whether it keeps the contract; a kind that nobody draws is skipped
   */
  hear(data) {
    const piece = readPiece(data);
    if (!piece) return false;
    this.#takers.get(piece.kind)?.(piece);
    return true;
  }
}

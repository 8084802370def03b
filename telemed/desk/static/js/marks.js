// @ts-check
/** What is drawn over a still: arrows, circles and lines of a pen, in the picture's own pixels. Pure, but for drawing. */

/** @typedef {{x: number, y: number}} Point */
/** @typedef {'arrow' | 'circle' | 'pen'} Tool */
/** @typedef {{tool: Tool, points: Point[]}} Mark from its first point to its last; only the pen has more than two */

const HEAD = Math.PI / 7;
const INK = '#ffc23d';
const EDGE = '#10202f';

/**
 * *mark* after the hand has moved on to *to*.
 * @param {Mark} mark
 * @param {Point} to
 * @returns {Mark}
 */
export function moved({ tool, points }, to) {
  const begin = points[0] ?? to;
  return { tool, points: tool === 'pen' ? [...points, to] : [begin, to] };
}

/**
 * Whether there is something to see: a point alone is a slip.
 * @param {Mark} mark
 */
export function visible({ points }) {
  const [first, last] = [points[0], points.at(-1)];
  return points.length > 2 || (first !== undefined && last !== undefined && Math.hypot(last.x - first.x, last.y - first.y) > 2);
}

/**
 * Bright with a dark edge, so that it is seen on any picture.
 * @param {CanvasRenderingContext2D} paper
 * @param {Mark} mark
 */
export function draw(paper, mark) {
  const thick = Math.max(2, paper.canvas.width / 220);
  const path = outline(mark, thick * 6);
  Object.assign(paper, { lineCap: 'round', lineJoin: 'round' });
  for (const [colour, width] of /** @type {const} */ ([[EDGE, 2 * thick], [INK, thick]])) {
    Object.assign(paper, { strokeStyle: colour, lineWidth: width });
    paper.stroke(path);
  }
}

/**
 * @param {Mark} mark
 * @param {number} head how long the sides of an arrow's head are
 */
function outline({ tool, points }, head) {
  const path = new Path2D();
  const first = points[0] ?? { x: 0, y: 0 };
  const last = points.at(-1) ?? first;
  if (tool === 'circle') {
    path.ellipse((first.x + last.x) / 2, (first.y + last.y) / 2, Math.abs(last.x - first.x) / 2, Math.abs(last.y - first.y) / 2, 0, 0, 2 * Math.PI);
    return path;
  }
  path.moveTo(first.x, first.y);
  for (const { x, y } of points.slice(1)) path.lineTo(x, y);
  if (tool === 'arrow') {
    const angle = Math.atan2(last.y - first.y, last.x - first.x);
    for (const side of [-HEAD, HEAD]) {
      path.moveTo(last.x, last.y);
      path.lineTo(last.x - head * Math.cos(angle + side), last.y - head * Math.sin(angle + side));
    }
  }
  return path;
}

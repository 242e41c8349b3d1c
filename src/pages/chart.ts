import {markup, type Markup} from './html.js';

/** Points that a line joins, in the order of x. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Size of a chart, and of the room for its axes, in units of the drawing. */
const [WIDTH, HEIGHT] = [360, 210];
const ROOM = {left: 52, right: 10, top: 8, bottom: 30};
/** More points than that cannot be told apart. */
const MOST_POINTS = 400;

/**
 * A chart of lines: inline SVG, coloured by the page's style.
 *
 * @param options.marks - Also mark each point, where there are few.
 */
export function lineChart(
  {title, xName, series}: {title: string; xName: string; series: readonly Series[]},
  {marks = false}: {readonly marks?: boolean} = {},
): Markup {
  const drawn = series
    .map(({name, points}) => ({
      name,
      points: thinned(points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))),
    }))
    .filter(({points}) => points.length > 0);
  const all = drawn.flatMap(({points}) => points);
  const [x, y] = [axisOf(all.map(([value]) => value)), axisOf(all.map(([, value]) => value))];
  const left = (value: number) => ROOM.left + share(x, value) * (WIDTH - ROOM.left - ROOM.right);
  const top = (value: number) =>
    HEIGHT - ROOM.bottom - share(y, value) * (HEIGHT - ROOM.top - ROOM.bottom);
  const place = ([a, b]: readonly [number, number]) => `${left(a).toFixed(1)},${top(b).toFixed(1)}`;
  const lines = drawn.map(
    ({points}, n) =>
      markup`<g class="series-${n % COLOURS}"><polyline points="${points.map(place).join(' ')}"/>${
        (marks || points.length === 1) &&
        points.map(
          ([a, b]) =>
            markup`<circle cx="${left(a).toFixed(1)}" cy="${top(b).toFixed(1)}" r="3"><title>${format(a)}: ${format(b)}</title></circle>`,
        )
      }</g>`,
  );
  return markup`<figure class="chart"><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${y.ticks.map(
  (tick) =>
    markup`<line class="rule" x1="${ROOM.left}" x2="${WIDTH - ROOM.right}" y1="${top(tick).toFixed(1)}" y2="${top(tick).toFixed(1)}"/><text x="${ROOM.left - 6}" y="${(top(tick) + 4).toFixed(1)}" text-anchor="end">${format(tick)}</text>`,
)}
${x.ticks.map(
  (tick) =>
    markup`<text x="${left(tick).toFixed(1)}" y="${HEIGHT - ROOM.bottom + 15}" text-anchor="middle">${format(tick)}</text>`,
)}
<text x="${WIDTH - ROOM.right}" y="${HEIGHT - 2}" text-anchor="end" class="axis-name">${xName}</text>
${lines}</svg>
${drawn.length > 1 && markup`<p class="legend">${drawn.map(({name}, n) => markup`<span class="series-${n % COLOURS}">${name}</span>`)}</p>`}</figure>`;
}

/** Colours that the style has for lines. */
const COLOURS = 6;

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Round numbers around some values. */
function axisOf(values: readonly number[]): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) [low, high] = [0, 1];
  if (low === high)
    [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  const step = roundStep((high - low) / 4);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({length: last - first + 1}, (_, n) => (first + n) * step);
  return {low: first * step, high: last * step, ticks};
}

/** The next of 1, 2, 5, 10 … from a number on. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function share({low, high}: Axis, value: number): number {
  return (value - low) / (high - low);
}

/** Means of neighbours in the place of too many points. */
function thinned(points: Series['points']): Series['points'] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return points;
  return Array.from({length: Math.ceil(points.length / size)}, (_, n) => {
    const group = points.slice(n * size, (n + 1) * size);
    const mean = (axis: 0 | 1) => group.reduce((sum, point) => sum + point[axis], 0) / group.length;
    return [mean(0), mean(1)] as const;
  });
}

function format(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) {
    return value.toExponential(1).replace('.0e', 'e');
  }
  return String(Number(value.toPrecision(4)));
}

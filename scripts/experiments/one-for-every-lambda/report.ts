import {markup, type Markup} from '../../../src/pages/html.js';
import type {Kind, Outcome, Point, Spread} from './results.js';

/** What was measured as a table, and what the trainings took, in Markdown. */
export function markdownOf(points: readonly Point[], outcomes: readonly Outcome[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const names = [
    ...['Dice, one', 'one, longer', 'fixed', 'one - fixed', 'longer - fixed'],
    ...['SDlogJ, one', 'one, longer', 'fixed'],
  ];
  const most = Math.max(...outcomes.flatMap(({rows}) => rows.map((row) => row.foldingFraction)));
  return [
    line(['lambda', ...names]),
    line(['---:', ...names.map(() => '---:')]),
    ...points.map(({lambda, every, everyLonger, fixed, gain, gainLonger}) =>
      line([
        lambda,
        ...[every.dice, everyLonger.dice, fixed?.dice, gain, gainLonger].map(withDigits(4)),
        ...[every, everyLonger, fixed].map((one) => withDigits(3)(one?.sdLogJacobian)),
      ]),
    ),
    '',
    `Folds: at most ${(100 * most).toFixed(4)} % of the voxels. ${secondsOf(outcomes)}`,
    '',
  ].join('\n');
}

const withDigits = (digits: number) => (spread: Spread | null | undefined) =>
  spread ? `${spread.mean.toFixed(digits)} ± ${spread.deviation.toFixed(digits)}` : '';

function secondsOf(outcomes: readonly Outcome[]): string {
  const seeds = new Set(outcomes.map(({seed}) => seed)).size;
  const perSeed = (wanted: Kind) =>
    outcomes
      .reduce((sum, {kind, seconds}) => sum + (kind === wanted ? seconds / seeds : 0), 0)
      .toFixed(0);
  return `Training, seconds a seed: ${perSeed('every')} the one network, ${perSeed('everyLonger')} longer, ${perSeed('fixed')} those of fixed lambdas together.`;
}

/** Width and height of a panel and the room for its axes, in units of the drawing. */
const [WIDTH, HEIGHT] = [420, 300];
const ROOM = {left: 56, right: 14, top: 34, bottom: 42};
const LINES = [
  {kind: 'every', colour: '#5b9bd5', name: 'one network, trained as long as each other'},
  {kind: 'everyLonger', colour: '#1f4e8c', name: 'one network, as long as all others together'},
] as const;
const FIXED = {colour: '#c2410c', name: 'a network for this lambda alone'};

type DrawnMeasure = 'dice' | 'sdLogJacobian';

/** Dice and SDlogJ against lambda, SVG: lines and points at the means, bands and bars from the least to the most of the seeds. */
export function curvesOf(points: readonly Point[]): string {
  const legend = LINES.map(
    ({colour, name}, n) =>
      markup`<g transform="translate(${16 + 290 * n} ${HEIGHT + 12})"><line x2="20" stroke="${colour}" stroke-width="2"/><text x="26" y="4">${name}</text></g>`,
  );
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${HEIGHT + 28}" font-family="sans-serif" font-size="12" fill="#222"><rect width="100%" height="100%" fill="#fff"/>
${panel(points, 'dice', 'Dice (more is better)')}
<g transform="translate(${WIDTH} 0)">${panel(points, 'sdLogJacobian', 'SD of log Jacobian (less is smoother)')}</g>
${legend}<g transform="translate(600 ${HEIGHT + 12})"><circle r="4" fill="${FIXED.colour}"/><text x="10" y="4">${FIXED.name}</text></g>
</svg>
`.text;
}

function panel(points: readonly Point[], measure: DrawnMeasure, title: string): Markup {
  const spreads = points.flatMap(({every, everyLonger, fixed}) =>
    [every, everyLonger, fixed].flatMap((one) => (one ? [one[measure]] : [])),
  );
  const {low, high, ticks} = axisOf(spreads.flatMap(({values}) => values));
  const x = (lambda: number) => (ROOM.left + lambda * (WIDTH - ROOM.left - ROOM.right)).toFixed(1);
  const y = (value: number) => {
    const share = (value - low) / (high - low);
    return (HEIGHT - ROOM.bottom - share * (HEIGHT - ROOM.top - ROOM.bottom)).toFixed(1);
  };
  const lines = LINES.map(({kind, colour}) => {
    const along = (order: readonly Point[], value: (spread: Spread) => number) =>
      order.map((point) => `${x(point.lambda)},${y(value(point[kind][measure]))}`).join(' ');
    return markup`<polygon points="${along(points, least)} ${along([...points].reverse(), most)}" fill="${colour}" fill-opacity="0.2"/>
<polyline points="${along(points, ({mean}) => mean)}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  return markup`<text x="${ROOM.left}" y="20" font-weight="bold">${title}</text>
${ticks.map((tick) => markup`<line x1="${x(0)}" x2="${x(1)}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/><text x="${ROOM.left - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${Number(tick.toPrecision(4))}</text>`)}
${[0, 0.2, 0.4, 0.6, 0.8, 1].map((tick) => markup`<text x="${x(tick)}" y="${HEIGHT - ROOM.bottom + 18}" text-anchor="middle">${tick}</text>`)}
<text x="${x(0.5)}" y="${HEIGHT - 8}" text-anchor="middle">lambda</text>
${lines}
${points.map(
  ({lambda, fixed}) =>
    fixed &&
    markup`<line x1="${x(lambda)}" x2="${x(lambda)}" y1="${y(least(fixed[measure]))}" y2="${y(most(fixed[measure]))}" stroke="${FIXED.colour}" stroke-width="2"/><circle cx="${x(lambda)}" cy="${y(fixed[measure].mean)}" r="4" fill="${FIXED.colour}"/>`,
)}`;
}

const least = ({values}: Spread) => Math.min(...values);
const most = ({values}: Spread) => Math.max(...values);

/** Round numbers around some values. */
function axisOf(values: readonly number[]): {low: number; high: number; ticks: readonly number[]} {
  const [smallest, largest] = [Math.min(...values), Math.max(...values)];
  const wanted = Math.max((largest - smallest) / 4, 1e-6);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= wanted)!;
  const first = Math.floor(smallest / step);
  const count = Math.floor(largest / step) + 2 - first;
  const ticks = Array.from({length: count}, (_, n) => (first + n) * step);
  return {low: ticks[0], high: ticks[count - 1], ticks};
}

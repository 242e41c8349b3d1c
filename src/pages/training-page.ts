import {nameRow, type ValidationRow} from '../progress.js';
import type {LogEntry} from '../training/run-folder.js';
import {lineChart, type Series} from './chart.js';
import {markup, pageOf, type Markup, type PageAssets} from './html.js';
import {CONVENTION, type Fact} from './qc-page.js';

/** Figures of some steps of a training, and what a validation found after some. */
export type LoggedStep = Extract<LogEntry, {kind: 'step'}>;
export type LoggedValidation = Extract<LogEntry, {kind: 'validation'}>;

/** What the page of a training shows. */
export interface TrainingContent {
  readonly title: string;
  /** Where it stands, in a few words. */
  readonly state: string;
  readonly facts: readonly Fact[];
  readonly steps: readonly LoggedStep[];
  readonly validations: readonly LoggedValidation[];
  /** A validation pair as the network moved it last, an address that holds the picture; null without one. */
  readonly picture: string | null;
  /** Settings, files, versions. */
  readonly provenance: readonly Fact[];
}

/** The page of a training. */
export function trainingPage(content: TrainingContent, assets: PageAssets): string {
  const {title, state, facts, steps, validations, picture, provenance} = content;
  const body = markup`<header class="sheet"><h1>${title} <span class="to">${state}</span></h1></header>
<main><section class="figures" aria-label="Key figures">${facts.map(
    ({name, value, note}) =>
      markup`<div class="fact"><h2>${name}</h2><p class="value">${value}</p>${note !== undefined && markup`<p class="note">${note}</p>`}</div>`,
  )}</section>
${
  validations.length > 0 &&
  markup`<section class="overview"><h2>Validation</h2><div class="charts">${validationCharts(validations)}</div></section>`
}
${
  picture !== null &&
  markup`<section class="overview"><h2>A validation pair</h2><p class="note">Edges of the fixed image lie on the others. ${CONVENTION}</p>
<figure class="mosaic"><img src="${picture}" alt="Slices of the fixed image, of the moving one, and of what the network moved"></figure></section>`
}
<section class="overview"><h2>Training</h2><p class="note">Means over the steps of a line of the log.</p><div class="charts">${stepCharts(steps)}</div></section>
<section class="provenance"><h2>How it was made</h2><dl>${provenance.map(
    ({name, value}) => markup`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl></section></main>`;
  return pageOf(title, body, assets);
}

function stepCharts(steps: readonly LoggedStep[]): readonly Markup[] {
  const curve = (title: string, valueOf: (step: LoggedStep) => number | undefined) => {
    const points = steps.flatMap((entry) => {
      const value = valueOf(entry);
      return value === undefined ? [] : [[entry.step, value] as const];
    });
    return points.length === 0
      ? []
      : [lineChart({title, xName: 'step', series: [{name: title, points}]})];
  };
  return [
    ...curve('Loss', ({total}) => total),
    ...curve('Similarity loss', ({similarity}) => similarity),
    ...curve('Loss of the labels', ({labels}) => labels),
    ...curve('Smoothness loss', ({smoothness}) => smoothness),
    ...curve('Learning rate', ({learningRate}) => learningRate),
  ];
}

/** What is measured, and whether more of it is better. */
const MEASURES = [
  ['dice', 'Dice (more is better)'],
  ['hd95Mm', 'HD95, mm (less is better)'],
  ['similarity', 'Similarity loss (less is better)'],
  ['sdLogJacobian', 'SD of log Jacobian (less is smoother)'],
  ['foldingFraction', 'Share of folds'],
] as const satisfies readonly (readonly [keyof ValidationRow, string])[];

/** Against lambda for the last and the best validation; and the loss of each row from step to step. */
function validationCharts(validations: readonly LoggedValidation[]): readonly Markup[] {
  const last = validations[validations.length - 1];
  const best = bestOf(validations);
  const shown = best.step === last.step ? [last] : [last, best];
  const againstLambda = MEASURES.flatMap(([key, title]) => {
    const series = shown.flatMap(({step, rows}) =>
      weightsOf(rows).map((labels): Series => ({
        name: `${step === last.step ? 'last' : 'best'} (step ${step})${labels === undefined ? '' : `, labels ${labels}`}`,
        points: rows.flatMap((row) => {
          const value = row[key];
          return value === undefined || row.labels !== labels ? [] : [[row.lambda, value] as const];
        }),
      })),
    );
    if (series.every(({points}) => points.length === 0)) return [];
    return [lineChart({title, xName: 'lambda', series}, {marks: true})];
  });
  const overTime = (key: 'total' | 'dice', title: string) => {
    const series = last.rows.map(nameRow).map((name): Series => ({
      name,
      points: validations.flatMap(({step, rows}) => {
        const value = rows.find((row) => nameRow(row) === name)?.[key];
        return value === undefined ? [] : [[step, value] as const];
      }),
    }));
    const isKnown = series.some(({points}) => points.length > 0);
    return isKnown ? [lineChart({title, xName: 'step', series})] : [];
  };
  return [
    ...againstLambda,
    ...overTime('total', 'Validation loss'),
    ...overTime('dice', 'Dice from step to step'),
  ];
}

/** The weights of the labels that were validated; one that is unknown where the network sees none. */
function weightsOf(rows: readonly ValidationRow[]): readonly (number | undefined)[] {
  return [...new Set(rows.map(({labels}) => labels))];
}

/** The validation with the lowest mean loss: its model is kept. */
export function bestOf(validations: readonly LoggedValidation[]): LoggedValidation {
  const lossOf = ({rows}: LoggedValidation) =>
    rows.reduce((sum, {total}) => sum + total, 0) / rows.length;
  return validations.reduce((best, one) => (lossOf(one) < lossOf(best) ? one : best));
}

import {join} from 'node:path';
import type {TrainingConfig} from '../config/training-config.js';
import {fileExists, readFileBytes, readFileText, writeFileAtomically} from '../formats/files.js';
import type {Fact} from '../pages/qc-page.js';
import {nameRow} from '../progress.js';
import {
  bestOf,
  trainingPage,
  type LoggedStep,
  type LoggedValidation,
} from '../pages/training-page.js';
import {recommendFrom} from '../training/recommend.js';
import {RunFolder, type LogEntry} from '../training/run-folder.js';
import {VERSION} from '../version.js';
import {pngAddress, readStyle} from './page-assets.js';
import {baseNameOf} from '../formats/bytes.js';

/** Where the page of a training is, in the folder of its run. */
export function trainingReportPath(output: string): string {
  return join(output, 'report.html');
}

/**
 * Write the page of a training from the log of its run.
 *
 * @throws {HypermorphError} E_IO if the log cannot be read or the page not written.
 */
export async function writeTrainingReport(output: string, config: TrainingConfig): Promise<void> {
  const entries = (await readFileText(new RunFolder(output).log)).split('\n').flatMap(entryOf);
  const steps = entries.flatMap((entry) => (entry.kind === 'step' ? [entry] : []));
  const validations = entries.flatMap((entry) => (entry.kind === 'validation' ? [entry] : []));
  const done = Math.max(0, ...entries.map(({step}) => step));
  const {picture} = new RunFolder(output);
  const page = trainingPage(
    {
      title: baseNameOf(output),
      state: `step ${done} of ${config.steps}`,
      ...{facts: factsOf(steps, validations), steps, validations},
      picture: (await fileExists(picture)) ? pngAddress(await readFileBytes(picture)) : null,
      provenance: provenanceOf(config),
    },
    {style: await readStyle()},
  );
  await writeFileAtomically(trainingReportPath(output), page);
}

/** None where a line was cut off. */
function entryOf(line: string): readonly LogEntry[] {
  try {
    return [JSON.parse(line) as LogEntry];
  } catch {
    return [];
  }
}

function factsOf(
  steps: readonly LoggedStep[],
  validations: readonly LoggedValidation[],
): readonly Fact[] {
  const last = steps.at(-1);
  const losses =
    last === undefined
      ? []
      : [{name: 'Loss', value: inWords(last.total), note: `at step ${last.step}`}];
  if (validations.length === 0) return losses;
  const {step, rows} = bestOf(validations);
  const mean = rows.reduce((sum, {total}) => sum + total, 0) / rows.length;
  const chosen = recommendFrom(rows);
  const best =
    chosen ?? rows.reduce((one, other) => ((other.dice ?? 0) > (one.dice ?? 0) ? other : one));
  return [
    ...losses,
    {
      name: 'Best validation loss',
      value: inWords(mean),
      note: `at step ${step}, mean over lambdas`,
    },
    ...(best.dice === undefined
      ? []
      : [{name: 'Dice', value: best.dice.toFixed(3), note: `${nameRow(best)}, step ${step}`}]),
    {
      name: 'SD of log Jacobian',
      value: best.sdLogJacobian.toFixed(3),
      note: `${nameRow(best)}, folds ${(100 * best.foldingFraction).toPrecision(2)} %`,
    },
  ];
}

function provenanceOf(config: TrainingConfig): readonly Fact[] {
  const {architecture, grid, loss, optimiser, sources, validation, seed, batch} = config;
  return [
    {name: 'Sources', value: sources.map(({kind}) => kind).join(', ')},
    {name: 'Grid', value: grid.shape.join(' x ')},
    {name: 'Loss', value: JSON.stringify(loss)},
    {name: 'Optimiser', value: JSON.stringify(optimiser)},
    {name: 'Network', value: JSON.stringify(architecture)},
    {name: 'Batch, seed', value: `${batch}, ${seed}`},
    {name: 'Validation', value: `${validation.sources.length === 0 ? 0 : validation.pairs} pairs`},
    {name: 'Made by', value: `hypermorph ${VERSION}`},
  ];
}

function inWords(value: number): string {
  return String(Number(value.toPrecision(4)));
}

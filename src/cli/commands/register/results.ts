import type {Report} from '../../../registration/report.js';
import type {Row} from '../../output.js';
import {formatSeconds} from '../../progress.js';
import type {RegisterPaths} from './paths.js';

/** Which file holds what; absent outputs are left out. */
export function listOutputs({
  outputs,
  report,
}: RegisterPaths): Readonly<Record<string, string | readonly string[]>> {
  const {labels = [], ...single} = outputs;
  const entries = Object.entries({...single, report}).filter(([, path]) => path !== undefined);
  const named = Object.fromEntries(entries) as Record<string, string>;
  return labels.length === 0 ? named : {...named, labels};
}

const OUTPUT_NAMES: Readonly<Record<string, string>> = {
  inverseWarp: 'inverse warp',
  velocity: 'velocity',
};

/** One row per file. */
export function outputRows(outputs: Readonly<Record<string, string | readonly string[]>>): Row[] {
  return Object.entries(outputs).flatMap(([name, paths]) =>
    [paths].flat().map((path): Row => [OUTPUT_NAMES[name] ?? name, path]),
  );
}

/** What a person wants to know at once. */
export function tableOf(report: Report): Row[] {
  const {similarity, displacement, jacobian} = report;
  const {before, after} = similarity;
  const hyperparameters = Object.entries(report.hyperparameters).map(([name, value]) => [
    name,
    String(value),
  ]) as unknown as Row[];
  const change = (a: number | null, b: number | null) => `${format(a)} -> ${format(b)}`;
  return [
    ...outputRows(report.outputs),
    ...hyperparameters,
    [
      'similarity',
      `NCC ${change(before.ncc, after.ncc)}, MSE ${change(before.mse, after.mse)} (before -> after)`,
    ],
    [
      'displacement',
      `mean ${displacement.meanMm.toFixed(2)} mm, largest ${displacement.maximumMm.toFixed(2)} mm`,
    ],
    [
      'folds',
      jacobian.foldingFraction === null || jacobian.sdLogJacobian === null
        ? 'unknown: no voxel of the network lies inside the fixed image'
        : `${jacobian.folds} voxels (${(100 * jacobian.foldingFraction).toFixed(3)} %), SD of log Jacobian ${jacobian.sdLogJacobian.toFixed(3)}`,
    ],
    ['time', `${formatSeconds(report.seconds)} on the ${report.engine.name} engine`],
  ];
}

function format(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(4);
}

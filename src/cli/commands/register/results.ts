import {basename} from 'node:path';
import {OUTPUTS} from '../../../registration/outputs.js';
import {formatBytes} from '../../../models/memory.js';
import type {RegistrationPlan} from '../../../workflows/register-files.js';
import type {Report} from '../../../workflows/report.js';
import type {Row} from '../../output.js';
import {formatSeconds} from '../../progress.js';

const NAMES = new Map<string, string>(OUTPUTS.map(({key, name}) => [key, name]));

/** One row per file. */
function outputRows(outputs: Report['outputs']): Row[] {
  return Object.entries(outputs).flatMap(([key, paths]) =>
    [paths].flat().map((path): Row => [NAMES.get(key) ?? key, path]),
  );
}

function hyperparameterRows({
  hyperparameters,
  recommendedFor,
}: Pick<Report, 'hyperparameters' | 'recommendedFor'>): Row[] {
  const why = recommendedFor === null ? '' : `, recommended for ${recommendedFor}`;
  return Object.entries(hyperparameters).map(([name, value]): Row => [name, `${value}${why}`]);
}

/** Where the images decided which. */
function modelRows(model: Report['model']): Row[] {
  if (model === null || model.chosenFor === null) return [];
  return [
    ['model', `${basename(model.path, '.safetensors')}, for the ${model.chosenFor} of both images`],
  ];
}

/** What would be done. */
export function planRows({fixed, moving, model, ...plan}: RegistrationPlan): Row[] {
  return [
    ['fixed', `${fixed.path} (${fixed.shape.join('x')})`],
    ['moving', `${moving.path} (${moving.shape.join('x')})`],
    ['model', model ?? 'none'],
    ...hyperparameterRows(plan),
    ['affine', plan.affine === 'headers' ? 'none' : plan.affine],
    ['refine', String(plan.refine ?? 'none')],
    ['keep', plan.keep],
    ['network grid', plan.networkShape.join('x')],
    ['memory', `at least ${formatBytes(plan.memoryBytes)}`],
    ...outputRows(plan.outputs).map(([name, path]): Row => [`would write ${name}`, path]),
  ];
}

/** What a person wants to know at once. */
export function reportRows(report: Report): Row[] {
  const {similarity, displacement, jacobian, answer, quality} = report;
  const {before, after} = similarity;
  const change = (a: number | null, b: number | null) => `${format(a)} -> ${format(b)}`;
  return [
    ...outputRows(report.outputs),
    ...modelRows(report.model),
    ...hyperparameterRows(report),
    ['affine', describeAffine(report.affine)],
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
    ...(answer.judgements.length === 0 ? [] : [keptRow(answer)]),
    ['quality', [quality.verdict, ...quality.reasons].join('. ')],
    ['time', `${formatSeconds(report.seconds)} on the ${report.engine.name} engine`],
  ];
}

/** Which answer was kept, and how well each one fitted. */
function keptRow({kept, judgements}: Report['answer']): Row {
  const figures = (key: 'similarity' | 'information') =>
    judgements.map((judgement) => `${judgement.answer} ${judgement[key]?.toFixed(4) ?? 'unknown'}`);
  const fits = `squared local correlation: ${figures('similarity').join(', ')}`;
  const isMixed = judgements.some(({information}) => information !== null);
  const informs = isMixed ? `; mutual information: ${figures('information').join(', ')}` : '';
  return ['kept', `${kept} (${fits}${informs})`];
}

/** What brought the images together, in a few words. */
function describeAffine({found, reasons}: Report['affine']): string {
  const words = found === 'headers' ? 'none, the headers count' : found;
  return reasons.length === 0 ? words : `${words}. ${reasons.join(' ')}`;
}

function format(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(4);
}

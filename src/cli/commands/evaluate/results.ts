import type {Evaluation} from '../../../workflows/evaluate-files.js';
import type {PointErrors} from '../../../evaluation/landmarks.js';
import type {Row} from '../../output.js';

/** One number: what it is about, of which label (null: of all), its name, and its value (null: there is none). */
type Measure = readonly [part: string, label: number | null, measure: string, value: number | null];

/** All numbers of an evaluation, one per line. */
export function csvOf(evaluation: Evaluation): string {
  const lines = measuresOf(evaluation).map((cells) => cells.map((cell) => cell ?? '').join(','));
  return `part,label,measure,value\n${lines.join('\n')}\n`;
}

function measuresOf({images, labels, warp, landmarks}: Evaluation): Measure[] {
  const rows: Measure[] = [];
  const add = (part: string, label: number | null, values: object): void => {
    for (const [name, value] of Object.entries(values)) {
      if (value === null || typeof value === 'number') rows.push([part, label, name, value]);
    }
  };
  if (images) add('images', null, {...images, resampled: undefined});
  for (const {label, voxels, ...values} of labels?.labels ?? []) {
    add('labels', label, {fixedVoxels: voxels[0], movedVoxels: voxels[1], ...values});
  }
  if (labels) add('labels', null, labels.mean);
  if (warp) add('warp', null, warp);
  if (landmarks) {
    add('landmarks', null, {points: landmarks.points, outside: landmarks.outside});
    add('landmarks before', null, landmarks.before);
    if (landmarks.after) add('landmarks after', null, landmarks.after);
  }
  return rows;
}

/** What a person wants to know at once. */
export function tableOf(evaluation: Evaluation): Row[] {
  const {images, warp, landmarks} = evaluation;
  const rows: Row[] = [];
  if (images) {
    rows.push(
      ['NCC', format(images.ncc)],
      [`local NCC (window ${images.window})`, format(images.lncc)],
      ['MSE', images.mse === null ? 'unknown' : images.mse.toPrecision(5)],
      [`mutual information (${images.bins} bins)`, `${format(images.mi)} nats`],
      ['voxels compared', String(images.voxels)],
    );
  }
  rows.push(...labelRows(evaluation));
  if (warp) {
    const share = warp.foldingFraction;
    rows.push(
      [
        'folds',
        share === null ? 'unknown' : `${warp.folds} voxels (${(100 * share).toFixed(4)} %)`,
      ],
      ['determinant', `${format(warp.minimum)} to ${format(warp.maximum)}`],
      ['SDlogJ', format(warp.sdLogJacobian)],
      ['SDlogJ of Learn2Reg', format(warp.learn2regSdLogJacobian)],
      ['displacement', `mean ${mm(warp.meanMm)}, largest ${mm(warp.maximumMm)}`],
    );
  }
  if (landmarks) {
    const covered = landmarks.points - landmarks.outside;
    rows.push([`landmarks before (${landmarks.points})`, describeErrors(landmarks.before)]);
    if (landmarks.after) {
      rows.push([`landmarks after (${covered})`, describeErrors(landmarks.after)]);
    }
  }
  return rows;
}

function labelRows({labels}: Evaluation): Row[] {
  if (!labels) return [];
  const describe = (row: typeof labels.mean) =>
    `Dice ${format(row.dice)}, Jaccard ${format(row.jaccard)}, HD95 ${mm(row.hd95Mm)}, ASSD ${mm(row.assdMm)}`;
  return [
    ...labels.labels.map((row): Row => [`label ${row.label}`, describe(row)]),
    [`mean of ${labels.labels.length} labels`, describe(labels.mean)],
  ];
}

function describeErrors({meanMm, sdMm, medianMm, p95Mm, maximumMm}: PointErrors): string {
  return `mean ${mm(meanMm)} (SD ${sdMm.toFixed(2)}), median ${mm(medianMm)}, 95 % ${mm(p95Mm)}, largest ${mm(maximumMm)}`;
}

function format(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(4);
}

function mm(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(2)} mm`;
}

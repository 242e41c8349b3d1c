/**
 * The stages of a registration of files, in their order, and what each does, for people; those from `align` to `place` are the
 * registration of a pair.
 */
export const STAGE_TEXTS = {
  read: 'reading the images',
  engine: 'starting the engine',
  align: 'bringing the images together',
  conform: 'conforming both images',
  settle: 'trying without the affine',
  prepare: 'preparing the refinement',
  predict: 'running the network',
  label: 'telling the labels',
  refine: 'refining on the pair',
  judge: 'choosing the best answer',
  draw: 'drawing the result',
  sample: 'sampling the moving image',
  measure: 'measuring the result',
  place: 'making the outputs',
  encode: 'encoding the files',
  write: 'writing the files',
} as const;

export type Stage = keyof typeof STAGE_TEXTS;

export const STAGES = Object.keys(STAGE_TEXTS) as readonly Stage[];

/** The objective on a batch. */
export interface StepLosses {
  readonly total: number;
  readonly similarity: number;
  /** Absent where no pair has label maps. */
  readonly labels?: number;
  readonly smoothness: number;
  /** Absent where the network has no labeller. */
  readonly labelling?: number;
}

/** What a network does on the validation pairs at one lambda; means over the pairs. */
export interface ValidationRow {
  readonly lambda: number;
  /** Weight of the label maps in the objective, where the network sees it. */
  readonly labels?: number;
  readonly total: number;
  /** Not weighted by 1 - lambda. */
  readonly similarity: number;
  /** Not weighted by lambda. */
  readonly smoothness: number;
  /** Mean Dice over labels, then pairs, each voxel with its nearest label; absent where no pair has label maps. */
  readonly dice?: number;
  /** Mean 95th percentile of the distances between the surfaces, mm; absent without label maps, and where the grid has no spacing of its own. */
  readonly hd95Mm?: number;
  /** Mean Dice of the labels that the labeller tells in the fixed image; absent without a labeller or label maps. */
  readonly labellerDice?: number;
  /** Standard deviation of ln(max(J, 1e-9)), J the Jacobian determinant. */
  readonly sdLogJacobian: number;
  /** Share of voxels whose Jacobian determinant is 0 or less. */
  readonly foldingFraction: number;
}

/** At which hyperparameters a row was measured: `lambda 0.3`, or `lambda 0.3, labels 0.5`. */
export function nameRow({
  lambda,
  labels,
}: {
  readonly lambda: number;
  readonly labels?: number | undefined;
}): string {
  return labels === undefined ? `lambda ${lambda}` : `lambda ${lambda}, labels ${labels}`;
}

/** What a registration or a training says while it runs. */
export type ProgressEvent =
  | {readonly kind: 'warning'; readonly text: string}
  /** The engine on which everything runs from now on. */
  | {readonly kind: 'engine'; readonly name: string; readonly description: string}
  /** A stage begins, or a long one goes on; `done` is the share of all stages that lie behind, 0 to 1. */
  | {readonly kind: 'stage'; readonly stage: Stage; readonly done: number}
  /** A training begins after `step` of `steps` steps. */
  | {
      readonly kind: 'start';
      readonly parameters: number;
      readonly step: number;
      readonly steps: number;
    }
  | ({
      readonly kind: 'step';
      readonly step: number;
      readonly steps: number;
      /** Mean time of the steps of this call so far. */
      readonly millisecondsPerStep: number;
    } & StepLosses)
  | {readonly kind: 'validation'; readonly step: number; readonly rows: readonly ValidationRow[]}
  | {readonly kind: 'checkpoint'; readonly step: number; readonly path: string};

export type OnProgress = (event: ProgressEvent) => void;

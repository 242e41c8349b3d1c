import type {ModelDescription} from '../models/model-description.js';
import {VERSION} from '../version.js';
import type {RegistrationSummary} from './register-pair.js';

/** An input with the SHA-256 of its bytes; of a pair, those of the header and then those of the voxel file. */
export interface HashedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface ReportInputs {
  readonly fixed: HashedFile;
  readonly moving: HashedFile;
  readonly labels: readonly HashedFile[];
  readonly model: HashedFile & {readonly description: ModelDescription};
  readonly engine: {readonly name: string; readonly description: string};
  readonly hyperparameters: readonly number[];
  readonly align: string;
  /** Which file holds what, e.g. `{moved: 'a.nii.gz'}`; `labels` is a list. */
  readonly outputs: Readonly<Record<string, string | readonly string[]>>;
  readonly summary: RegistrationSummary;
  /** Of the whole command so far. */
  readonly seconds: number;
  /** Largest memory of the process so far. */
  readonly peakMemoryMib: number;
  readonly warnings: readonly string[];
}

/** What was done to which files, with what, and how well it went: the content of `--report` and `--json`. */
export function buildReport(inputs: ReportInputs) {
  const {model, summary} = inputs;
  const {hyperparameters} = model.description;
  return {
    tool: 'hypermorph',
    version: VERSION,
    engine: inputs.engine,
    fixed: inputs.fixed,
    moving: inputs.moving,
    labels: inputs.labels,
    model: {path: model.path, sha256: model.sha256, contentHash: model.description.contentHash},
    hyperparameters: Object.fromEntries(
      hyperparameters.map(({name}, n) => [name, inputs.hyperparameters[n]]),
    ),
    align: inputs.align,
    outputs: inputs.outputs,
    displacement: summary.displacement,
    similarity: summary.similarity,
    jacobian: summary.jacobian,
    overlap: summary.overlap,
    alignmentMm: summary.alignmentMm,
    networkShape: summary.networkShape,
    seconds: inputs.seconds,
    peakMemoryMib: inputs.peakMemoryMib,
    stages: summary.stages,
    warnings: inputs.warnings,
  };
}

export type Report = ReturnType<typeof buildReport>;

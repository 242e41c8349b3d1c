import type {Engine} from '../engines/engine.js';
import type {NamedHyperparameters} from '../models/hyperparameters.js';
import type {KindOfData} from '../volume/kind-of-data.js';
import type {RegistrationSummary} from '../registration/register-pair.js';
import type {StageRecord} from '../registration/stages.js';
import type {ImageInterpolation} from '../transforms/apply.js';
import {VERSION} from '../version.js';
import type {ChosenModelFile} from './shipped-models.js';

/** An input with the SHA-256 of its bytes; of a pair, those of the header and then those of the voxel file. */
export interface HashedFile {
  readonly path: string;
  /** Empty where it was not asked for. */
  readonly sha256: string;
}

/** The files that went in. */
export interface ReportInputs {
  readonly fixed: HashedFile;
  readonly moving: HashedFile;
  readonly labels: readonly HashedFile[];
  /** Null: registered without one. */
  readonly model:
    (HashedFile & Pick<ChosenModelFile, 'chosenFor'> & {readonly contentHash: string}) | null;
}

/** What was done to which files, with what, and how well it went. */
export interface Report
  extends ReportInputs, Omit<RegistrationSummary, 'stages' | 'warnings'>, Usage {
  readonly tool: 'hypermorph';
  readonly version: string;
  readonly engine: Pick<Engine, 'name' | 'description'>;
  readonly hyperparameters: NamedHyperparameters;
  /** The kind of data, told from the images, for which the model recommends these; null where they are its usual ones, or were given. */
  readonly recommendedFor: KindOfData | null;
  /** How the moving image was looked up for the moved one. */
  readonly interpolation: ImageInterpolation;
  /** Which file holds what, e.g. `{moved: 'a.nii.gz'}`; `labels` is a list. */
  readonly outputs: Readonly<Record<string, string | readonly string[]>>;
  readonly stages: readonly StageRecord[];
  readonly warnings: readonly string[];
}

/** What the whole work took so far. */
export interface Usage {
  readonly seconds: number;
  /** Largest memory of the process so far; null where the caller cannot tell. */
  readonly peakMemoryMib: number | null;
}

/** Put a report together, its entries in the order in which people read them. */
export function buildReport(
  inputs: ReportInputs,
  summary: RegistrationSummary,
  run: Pick<
    Report,
    | 'engine'
    | 'hyperparameters'
    | 'recommendedFor'
    | 'interpolation'
    | 'outputs'
    | 'stages'
    | 'warnings'
    | keyof Usage
  >,
): Report {
  const {engine, hyperparameters, recommendedFor, interpolation} = run;
  const {outputs, seconds, peakMemoryMib, stages, warnings} = run;
  return {
    ...{tool: 'hypermorph', version: VERSION, engine},
    ...inputs,
    ...{hyperparameters, recommendedFor, interpolation, outputs, seconds, peakMemoryMib},
    ...summary,
    ...{stages: [...stages], warnings: [...warnings]},
  };
}

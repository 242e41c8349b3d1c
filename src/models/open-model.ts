import type {NetworkGridSpec} from '../volume/conform.js';
import type {Normalisation} from '../volume/intensity.js';
import type {HyperparameterSpec} from './hyperparameters.js';
import type {ModelDescription} from './model-description.js';
import {readModel, type Model} from './model-file.js';
import {gridSpecOf} from './network-grid.js';
import {RegistrationNetwork} from './registration-network.js';

/** A model that is ready to run, and all that it says about itself. */
export interface OpenModel {
  readonly network: RegistrationNetwork;
  /** The grid on which the network sees its images. */
  readonly grid: NetworkGridSpec;
  /** How intensities become numbers for the network. */
  readonly normalisation: Normalisation;
  /** Share of what its labeller tells in what a refinement sets against the smoothness, where it says so. */
  readonly labelWeight?: number;
  /** In the order of the network's input. */
  readonly hyperparameters: readonly HyperparameterSpec[];
  readonly description: ModelDescription;
  /** Free the network's memory. */
  dispose(): void;
}

/**
 * Open a model on the engine that was started.
 *
 * @param source - A path, the bytes of a file, or a model that was read before.
 * @returns The caller disposes it.
 * @throws {HypermorphError} E_IO or E_WEIGHTS as `readModel`.
 *
 * @example
 * import {openModel} from 'hypermorph';
 * const model = await openModel('model.safetensors');
 * model.hyperparameters.map(({name}) => name); // ['lambda']
 * model.dispose();
 */
export async function openModel(source: string | Uint8Array | Model): Promise<OpenModel> {
  const isRead = typeof source === 'object' && 'description' in source;
  const {description, weights} = isRead ? source : await readModel(source);
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  return {
    network,
    grid: gridSpecOf(description),
    normalisation: description.normalisation,
    ...(description.labelWeight !== undefined && {labelWeight: description.labelWeight}),
    hyperparameters: description.hyperparameters,
    description,
    dispose: () => network.dispose(),
  };
}

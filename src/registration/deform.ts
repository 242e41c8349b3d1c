import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {PairWithNetwork, PreparedPair} from './prepare.js';
import type {StageLog} from './stages.js';
import {integrate, predictVelocity, type Deformation, type Integration} from './velocity.js';

/**
 * Run the network on a prepared pair and integrate what it says.
 *
 * @param hyperparameters - One value per hyperparameter of the model, lambda first; empty for a model without any.
 * @throws {HypermorphError} E_RANGE if the network answers with numbers that are not finite; E_INTERRUPTED.
 */
export async function deform(
  pair: PairWithNetwork,
  hyperparameters: readonly number[],
  {engine, stages}: {readonly engine: KernelRunner; readonly stages: StageLog},
): Promise<Deformation> {
  return stages.run('predict', async () => {
    const {shape} = pair.geometry.network;
    const {network} = pair.model;
    const velocity = await predictVelocity(network, pair.conformed, {shape, hyperparameters});
    return integrate(velocity, integrationOf(pair, engine));
  });
}

/** How a velocity is integrated where no network says otherwise. */
const OWN_INTEGRATION: Integration['architecture'] = {
  dimensions: 3,
  integrationResolution: 1,
  integrationSteps: 7,
  fill: 0,
};

/** How velocities of a pair are integrated. */
export function integrationOf(pair: PreparedPair, engine: KernelRunner): Integration {
  const {shape} = pair.geometry.network;
  return {architecture: pair.model.network?.architecture ?? OWN_INTEGRATION, shape, engine};
}

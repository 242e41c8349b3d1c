import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {likeField, toVolumetricField} from './planar.js';
import {requireField, requireInteger} from './shapes.js';
import {warpTensor} from './warp.js';

/** u + u o (id + u): the displacement [N, I, J, K, 3] of going twice. */
export const SELF_COMPOSE: TensorOperation<
  {readonly displacement: tf.Tensor5D},
  object,
  tf.Tensor5D,
  'displacement'
> = {
  name: 'selfCompose',
  saves: ['displacement'],
  portable: ({displacement}) => tf.add(displacement, warpTensor(displacement, displacement)),
};

/**
 * Integrate a stationary velocity field into a displacement field by scaling and squaring.
 *
 * u_0 = v / 2^steps, then `steps` times u <- u + u o (id + u), so that id + u approximates exp(v).
 *
 * @param velocity - [N, I, J, K, 3] or [N, I, J, 2], voxels of this grid. Not modified.
 * @param options - Settings.
 * @param options.steps - Number of squarings, integer >= 0. 0 returns `velocity` itself.
 * @returns Displacement, same shape, voxels. The caller disposes it.
 * @throws {HypermorphError} E_SHAPE if the channels are not the axes; E_RANGE if steps is negative or not an integer.
 * @see Arsigny et al., MICCAI 2006, section 3 (algorithm); Dalca et al., MICCAI 2018 (use in VoxelMorph).
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {integrateVelocity} from 'hypermorph';
 * const velocity = tf.fill([1, 4, 4, 4, 3], 0.5);
 * const displacement = integrateVelocity(velocity, {steps: 7});
 * displacement.shape; // [1, 4, 4, 4, 3]
 */
export function integrateVelocity(
  velocity: tf.Tensor,
  {steps}: {readonly steps: number},
): tf.Tensor {
  requireField(velocity, 'integrateVelocity', 'velocity');
  requireInteger(steps, 0, 'integrateVelocity', 'steps');
  if (steps === 0) return velocity;
  return tf.tidy(() => {
    let displacement = tf.mul<tf.Tensor5D>(toVolumetricField(velocity), 2 ** -steps);
    for (let step = 0; step < steps; step++) {
      const previous = displacement;
      displacement = runTensors(SELF_COMPOSE, {displacement: previous}, {});
    }
    return likeField(displacement, velocity);
  });
}

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type {Triple} from '../../src/geometry/triple.js';
import type {VelocityNetwork} from '../../src/registration/velocity.js';

/** What a network was asked, for tests that look at its inputs. */
export interface FakeNetwork extends VelocityNetwork {
  readonly asked: {
    moving: Float32Array;
    fixed: Float32Array;
    shape: readonly number[];
    hyperparameters: readonly number[] | null;
  }[];
}

export interface FakeOptions {
  readonly dimensions?: 2 | 3;
  readonly steps?: number;
  /** Divisor of the image size at which it answers and integrates. */
  readonly resolution?: number;
  readonly fill?: number | null;
  /** What a labeller tells of one label where an intensity is so; none unless given. */
  readonly labelAt?: (intensity: number) => number;
}

/**
 * A network that answers with a field of the test's choice: its velocity at every point of the velocity grid, in voxels of it.
 *
 * With `steps: 0` the velocity is the displacement.
 */
export function fakeNetwork(
  velocityAt: (index: Triple) => readonly number[],
  {dimensions = 3, steps = 0, resolution = 1, fill = null, labelAt}: FakeOptions = {},
): FakeNetwork {
  const asked: FakeNetwork['asked'] = [];
  return {
    asked,
    architecture: {
      dimensions,
      integrationResolution: resolution,
      integrationSteps: steps,
      fill,
      ...(labelAt && {labeller: {labels: 1, encoder: [1], decoder: [1, 1]}}),
    },
    ...(labelAt && {
      predictLogOdds(image: tf.Tensor) {
        const told = Array.from(image.dataSync(), (intensity) => {
          const share = Math.min(Math.max(labelAt(intensity), 1e-15), 1 - 1e-15);
          return Math.log(share / (1 - share));
        });
        return tf.tensor(told, image.shape);
      },
    }),
    predictVelocity({moving, fixed, hyperparameters}) {
      asked.push({
        moving: moving.dataSync() as Float32Array,
        fixed: fixed.dataSync() as Float32Array,
        shape: moving.shape,
        hyperparameters: hyperparameters ? [...hyperparameters.dataSync()] : null,
      });
      const size = moving.shape.slice(1, 1 + dimensions).map((length) => length / resolution);
      const values: number[] = [];
      for (let i = 0; i < size[0]; i++) {
        for (let j = 0; j < size[1]; j++) {
          for (let k = 0; k < (size[2] ?? 1); k++) {
            values.push(...velocityAt([i, j, k]).slice(0, dimensions));
          }
        }
      }
      return tf.tensor(values, [1, ...size, dimensions]);
    },
  };
}

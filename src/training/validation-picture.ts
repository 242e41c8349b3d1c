import type {TrainingConfig} from '../config/training-config.js';
import {encodePng} from '../formats/png.js';
import {Affine} from '../geometry/affine.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {drawContact} from '../pictures/contact.js';
import {drawRegistration} from '../pictures/draw-registration.js';
import {volumeOfTensor} from '../transforms/apply.js';
import {affineTransform, displacementTransform} from '../transforms/transform.js';
import type {ImagePair} from './make-pair.js';
import {trainingGridOn, trainingShape} from './training-grid.js';

/** What a network makes of a pair for one choice of its hyperparameters, on the training grid. */
export interface MovedPair {
  /** That choice. */
  readonly name: string;
  /** [I, J, K, 3], voxels. */
  readonly displacement: Float32Array;
  /** Its determinants, [I, J, K]. */
  readonly determinants: Float32Array;
}

/**
 * A validation pair before and as a network moves it for some choices, and the deformation for the first of them: slices with the edges
 * of the fixed image.
 *
 * @returns A PNG; null where the grid has no orientation, so that nothing can be called left or right.
 */
export async function drawValidation(
  pair: ImagePair,
  moved: readonly MovedPair[],
  {
    config,
    engine,
    step,
  }: {readonly config: TrainingConfig; readonly engine: KernelRunner; readonly step: number},
): Promise<Uint8Array | null> {
  if (config.grid.orientation === null) return null;
  const place = {shape: trainingShape(config), affine: Affine.identity};
  const grid = trainingGridOn({...place, name: pair.name, orientationKnown: true}, config);
  const stages = moved.map(({name, displacement}) => ({
    key: name,
    transform: displacementTransform({grid, unit: 'voxels', order: 'tensor', values: displacement}),
  }));
  const drawing = drawRegistration(
    {
      fixed: volumeOfTensor(pair.fixed, grid),
      moving: volumeOfTensor(pair.moving, grid),
      stages: [{key: 'before', transform: affineTransform(Affine.identity)}, ...stages],
      deformation: stages[0].transform,
      jacobian: volumeOfTensor(moved[0].determinants, grid),
    },
    engine,
  );
  const [{key: first}] = stages;
  const limit = drawing.jacobianLimit;
  const names = {
    ...{fixed: 'Fixed', before: 'Moving'},
    ...Object.fromEntries(stages.map(({key}) => [key, `Moved, ${key}`])),
    grid: `Deformed grid, ${first}`,
    jacobian: `Jacobian determinant, ${first}: ${(1 / limit).toFixed(2)} blue, 1 white, ${limit.toFixed(2)} red, yellow folds`,
  };
  const texts = {title: `Step ${step}`, lines: [pair.name], names, result: first};
  return encodePng(drawContact(drawing, texts));
}

import type {KernelRunner} from '../kernels/voxel-operation.js';
import {affineTransform} from '../transforms/transform.js';
import {countVoxels} from '../geometry/grid.js';
import {forwardTransform} from './geometry.js';
import type {AnswerName, Judged} from './judge.js';
import {measureJacobian} from './measures.js';
import type {PreparedPair} from './prepare.js';
import type {Deformation} from './velocity.js';

/** One way to lay the images of a pair onto each other. */
export interface Answer extends Judged {
  /** With the grid on which the deformation lies. */
  readonly pair: PreparedPair;
  /** Made when it is asked for. */
  readonly deformation: () => Deformation;
}

/** Nothing deforms. */
export function alignmentAnswer(pair: PreparedPair): Answer {
  return {
    ...{answer: 'alignment', pair, foldingFraction: 0},
    transform: affineTransform(pair.geometry.alignment),
    deformation: () => stillDeformation(pair),
  };
}

/** What a velocity field amounts to. */
export function deformedAnswer(
  answer: Exclude<AnswerName, 'alignment'>,
  pair: PreparedPair,
  deformation: Deformation,
  engine: KernelRunner,
): Answer {
  const {foldingFraction} = measureJacobian(deformation.jacobian, pair.geometry, engine);
  return {
    ...{answer, pair, foldingFraction},
    transform: forwardTransform(pair.geometry, deformation.displacement),
    deformation: () => deformation,
  };
}

function stillDeformation({geometry, model}: PreparedPair): Deformation {
  const {shape} = geometry.network;
  const voxels = countVoxels(shape);
  const components = model.network?.architecture.dimensions ?? 3;
  return {
    velocity: {
      values: new Float32Array(components * voxels),
      shape: [...shape.slice(0, components), components],
    },
    displacement: new Float32Array(3 * voxels),
    jacobian: new Float32Array(voxels).fill(1),
  };
}

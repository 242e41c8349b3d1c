import type {Triple} from '../../geometry/triple.js';
import type {RefinedVelocity, RefinementPair} from './pair.js';

/** Whether a shape is one slice: its third axis has one voxel. */
export function isPlane(shape: Triple): boolean {
  return shape[2] === 1;
}

/** What a plane has along i, j and k, as it stands: along k, i and j; of a volume the same. */
export function standingAxes([i, j, k]: Triple, isFlat: boolean): Triple {
  return isFlat ? [k, i, j] : [i, j, k];
}

/** A plane [I, J, 1] is written [1, I, J], which lies the same in memory: rows stay long. */
export function standing(pair: RefinementPair) {
  const {shape, spacing, fixed, moving} = pair;
  const {fixedMask = null, movingMask = null, labels = null} = pair;
  const turn = (triple: Triple) => standingAxes(triple, isPlane(shape));
  return {
    ...{shape: turn(shape), spacing: turn(spacing), fixed, moving, fixedMask, movingMask},
    labels: labels && {...labels, shape: turn(labels.shape)},
  };
}

/** Component c of a vector is number `order[c]` of a padded one. */
function orderOf(isFlat: boolean): Triple {
  return isFlat ? [1, 2, 0] : [0, 1, 2];
}

export function toPadded(
  velocity: Pick<RefinedVelocity, 'data' | 'shape'>,
  isFlat: boolean,
): {data: Float32Array; shape: Triple} {
  const [i, j, k] = velocity.shape;
  const order = orderOf(isFlat);
  const data = new Float32Array(4 * i * j * k);
  for (let n = 0; n < i * j * k; n++) {
    for (let c = 0; c < 3; c++) data[4 * n + order[c]] = velocity.data[3 * n + c];
  }
  return {data, shape: standingAxes(velocity.shape, isFlat)};
}

export function fromPadded(
  padded: Float32Array,
  [i, j, k]: Triple,
  isFlat: boolean,
): {data: Float32Array; shape: Triple} {
  const order = orderOf(isFlat);
  const data = new Float32Array(3 * i * j * k);
  for (let n = 0; n < i * j * k; n++) {
    for (let c = 0; c < 3; c++) data[3 * n + c] = padded[4 * n + order[c]];
  }
  return {data, shape: isFlat ? [j, k, i] : [i, j, k]};
}

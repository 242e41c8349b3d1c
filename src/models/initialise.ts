import {Random} from '../random.js';
import type {Architecture} from './architecture.js';
import {listWeights, type WeightSpec} from './weight-specs.js';

/** Standard deviation of the flow convolution's start: a network that has not learned moves nothing. */
const FLOW_DEVIATION = 1e-5;
/** Standard deviation of a unit normal cut off at two: Keras divides by it. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * Fresh weights by name, as Keras would start them: Glorot uniform, He normal (truncated), zeros, N(0, 1e-5) for flow.
 *
 * @see Glorot & Bengio, AISTATS 2010, equation 16; He et al., ICCV 2015, equation 10.
 */
export function initialiseWeights(
  architecture: Architecture,
  seed: number,
): Map<string, {shape: readonly number[]; data: Float32Array}> {
  const random = new Random(seed);
  return new Map(
    listWeights(architecture).map((spec) => [
      spec.name,
      {shape: spec.shape, data: draw(spec, random)},
    ]),
  );
}

function draw({shape, initializer}: WeightSpec, random: Random): Float32Array {
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  if (initializer === 'zeros') return data;
  const {fanIn, fanOut} = fans(shape);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const heDeviation = Math.sqrt(2 / fanIn) / TRUNCATED_DEVIATION;
  for (let i = 0; i < data.length; i++) {
    if (initializer === 'glorotUniform') data[i] = random.uniform(-limit, limit);
    else if (initializer === 'heNormal') data[i] = heDeviation * truncatedNormal(random);
    else data[i] = random.normal(FLOW_DEVIATION);
  }
  return data;
}

/** As Keras counts them: a vector of n numbers has n in and n out. */
function fans(shape: readonly number[]): {fanIn: number; fanOut: number} {
  if (shape.length === 1) return {fanIn: shape[0], fanOut: shape[0]};
  const window = shape.slice(0, -2).reduce((product, length) => product * length, 1);
  return {fanIn: window * shape[shape.length - 2], fanOut: window * shape[shape.length - 1]};
}

function truncatedNormal(random: Random): number {
  let value = random.normal();
  while (Math.abs(value) > 2) value = random.normal();
  return value;
}

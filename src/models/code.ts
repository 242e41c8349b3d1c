import type {Architecture} from './architecture.js';
import type {ModelWeights} from './model-file.js';

/** What the hypernetwork makes of hyperparameters, the numbers that every kernel is linear in; double precision, for what is done once. */
export function codeOf(
  weights: ModelWeights,
  {hypernetwork: {layers, rank}}: Architecture,
  hyperparameters: readonly number[],
): number[] {
  let code = [...hyperparameters];
  for (let n = 1; n <= layers; n++) {
    code = denseOf(weights, `hypernetwork_dense_${n}`, code).map((value) => Math.max(0, value));
  }
  return rank === null ? code : denseOf(weights, 'hypernetwork_code', code);
}

function denseOf(weights: ModelWeights, layer: string, input: readonly number[]): number[] {
  const {data} = weights.get(`${layer}/kernel`)!;
  const bias = weights.get(`${layer}/bias`)!.data;
  return Array.from(bias, (offset, unit) =>
    input.reduce((sum, value, n) => sum + value * data[n * bias.length + unit], offset),
  );
}

import {codeLength, listConvolutions, type Architecture} from '../models/architecture.js';
import {codeOf} from '../models/code.js';
import {initialiseWeights} from '../models/initialise.js';
import type {ModelWeights, WeightTensor} from '../models/model-file.js';
import {KERNEL_SIZE} from '../models/weight-specs.js';
import {ACTIVATION_SLOPE} from '../ops/activation.js';
import {Random} from '../random.js';

/** Share of a generated kernel's variance that depends on the hyperparameters at the start. */
const HYPER_SHARE = 0.2;

/**
 * Weights from which generated kernels start with the spread that He's initialisation gives a plain network.
 *
 * Glorot's start, taken for the hypernetwork's weights, gives kernels that are about eight times too small, so that deep
 * layers see almost nothing of the images for thousands of steps. Here the constant part of each kernel is drawn as He would,
 * and the part that depends on lambda adds a fifth of its variance.
 *
 * @see Chang et al., "Principled weight initialization for hypernetworks", ICLR 2020, section 4 (hyperfan-in).
 */
export function balancedWeights(
  architecture: Architecture,
  seed: number,
): Map<string, WeightTensor> {
  const weights = initialiseWeights(architecture, seed);
  if (architecture.hyperparameters === 0) return weights;
  const random = new Random(seed + 1);
  const {layers, units} = architecture.hypernetwork;
  const fill = (name: string, draw: () => number) => {
    const {data} = weights.get(name)!;
    for (let n = 0; n < data.length; n++) data[n] = draw();
  };
  for (let n = 1; n <= layers; n++) {
    const inputs = n === 1 ? architecture.hyperparameters : units;
    const limit = Math.sqrt(6 / inputs);
    fill(`hypernetwork_dense_${n}/kernel`, () => random.uniform(-limit, limit));
  }
  // Without offsets every unit would bend at lambda = 0 and say nothing there.
  fill('hypernetwork_dense_1/bias', () => random.uniform(-1, 1));
  const power = meanSquareOfCode(weights, architecture);
  for (const {name, inputChannels} of listConvolutions(architecture)) {
    const fanIn = KERNEL_SIZE ** architecture.dimensions * inputChannels;
    const variance = 2 / (1 + ACTIVATION_SLOPE.leakyRelu ** 2) / fanIn;
    const constant = Math.sqrt((1 - HYPER_SHARE) * variance);
    const varying = Math.sqrt((HYPER_SHARE * variance) / (codeLength(architecture) * power));
    fill(`unet_${name}/hyperkernel_bias`, () => random.normal(constant));
    fill(`unet_${name}/hyperkernel_kernel`, () => random.normal(varying));
    fill(`unet_${name}/hyperbias_bias`, () => 0);
    fill(`unet_${name}/hyperbias_kernel`, () => random.normal(0.1 * varying));
  }
  return weights;
}

/** Mean square of the numbers that kernels are generated from, for hyperparameters in the middle of their range. */
function meanSquareOfCode(weights: ModelWeights, architecture: Architecture): number {
  const code = codeOf(weights, architecture, new Array(architecture.hyperparameters).fill(0.5));
  const mean = code.reduce((sum, value) => sum + value * value, 0) / code.length;
  return Math.max(mean, 1e-3);
}

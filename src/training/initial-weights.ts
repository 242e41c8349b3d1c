import {listConvolutions, type Architecture} from '../models/architecture.js';
import {initialiseWeights} from '../models/initialise.js';
import type {WeightTensor} from '../models/model-file.js';
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
    const varying = Math.sqrt((HYPER_SHARE * variance) / (units * power));
    fill(`unet_${name}/hyperkernel_bias`, () => random.normal(constant));
    fill(`unet_${name}/hyperkernel_kernel`, () => random.normal(varying));
    fill(`unet_${name}/hyperbias_bias`, () => 0);
    fill(`unet_${name}/hyperbias_kernel`, () => random.normal(0.1 * varying));
  }
  return weights;
}

/** Mean square of the last hidden layer over its units, for hyperparameters in the middle of their range. */
function meanSquareOfCode(
  weights: ReadonlyMap<string, WeightTensor>,
  architecture: Architecture,
): number {
  const {layers, units} = architecture.hypernetwork;
  let code = new Array<number>(architecture.hyperparameters).fill(0.5);
  for (let layer = 1; layer <= layers; layer++) {
    const kernel = weights.get(`hypernetwork_dense_${layer}/kernel`)!.data;
    const bias = weights.get(`hypernetwork_dense_${layer}/bias`)!.data;
    code = Array.from({length: units}, (_, unit) =>
      Math.max(
        0,
        code.reduce((sum, value, input) => sum + value * kernel[input * units + unit], bias[unit]),
      ),
    );
  }
  const mean = code.reduce((sum, value) => sum + value * value, 0) / units;
  return Math.max(mean, 1e-3);
}

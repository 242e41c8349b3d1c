import {
  codeLength,
  listConvolutions,
  planUnet,
  unetOfLabeller,
  type Architecture,
} from './architecture.js';

/** How a weight starts: as in Keras, except that fans are those of the array as it is stored. */
export type Initializer = 'glorotUniform' | 'heNormal' | 'zeros' | 'flowNormal';

/** One weight: its canonical name `<layer>/<weight>`, its shape and its start. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** Kernel size of every convolution along each axis. */
export const KERNEL_SIZE = 3;

const join = (layer: string, weight: string) => `${layer}/${weight}`;

/**
 * Every weight of a network, in the original's order: hypernetwork, U-Net from the input to the output, flow; then the labeller's.
 *
 * Layers are `hypernetwork_dense_<n>` (from 1), `hypernetwork_code` where a rank is set, `unet_<convolution>` and `flow`,
 * and of a labeller `labeller_<convolution>` and `labeller_labels`. A generated
 * convolution holds `hyperkernel_kernel [code, k·in·out]`, `hyperkernel_bias`, `hyperbias_kernel [code, out]`, `hyperbias_bias`; a plain one `kernel [k.., in, out]` and `bias [out]`.
 */
export function listWeights(architecture: Architecture): readonly WeightSpec[] {
  const specs: WeightSpec[] = [];
  const add = (layer: string, weight: string, shape: readonly number[], initializer: Initializer) =>
    specs.push({name: join(layer, weight), shape, initializer});
  const window = new Array<number>(architecture.dimensions).fill(KERNEL_SIZE);
  const addPlain = (layer: string, inputChannels: number, outputChannels: number) => {
    add(layer, 'kernel', [...window, inputChannels, outputChannels], 'heNormal');
    add(layer, 'bias', [outputChannels], 'zeros');
  };
  const isHyper = architecture.hyperparameters > 0;
  const {layers, units, rank} = architecture.hypernetwork;
  const code = codeLength(architecture);

  if (isHyper) {
    for (let n = 1; n <= layers; n++) {
      const layer = `hypernetwork_dense_${n}`;
      add(
        layer,
        'kernel',
        [n === 1 ? architecture.hyperparameters : units, units],
        'glorotUniform',
      );
      add(layer, 'bias', [units], 'zeros');
    }
    if (rank !== null) {
      add('hypernetwork_code', 'kernel', [units, rank], 'glorotUniform');
      add('hypernetwork_code', 'bias', [rank], 'zeros');
    }
  }
  for (const {name, inputChannels, outputChannels} of listConvolutions(architecture)) {
    const layer = `unet_${name}`;
    if (isHyper) {
      const kernelLength = KERNEL_SIZE ** architecture.dimensions * inputChannels * outputChannels;
      add(layer, 'hyperkernel_kernel', [code, kernelLength], 'glorotUniform');
      add(layer, 'hyperkernel_bias', [kernelLength], 'glorotUniform');
      add(layer, 'hyperbias_kernel', [code, outputChannels], 'glorotUniform');
      add(layer, 'hyperbias_bias', [outputChannels], 'glorotUniform');
    } else {
      addPlain(layer, inputChannels, outputChannels);
    }
  }
  add(
    'flow',
    'kernel',
    [...window, planUnet(architecture).outputChannels, architecture.dimensions],
    'flowNormal',
  );
  add('flow', 'bias', [architecture.dimensions], 'zeros');
  if (architecture.labeller !== undefined) {
    const unet = unetOfLabeller(architecture.labeller);
    for (const {name, inputChannels, outputChannels} of listConvolutions(unet)) {
      addPlain(`labeller_${name}`, inputChannels, outputChannels);
    }
    addPlain('labeller_labels', planUnet(unet).outputChannels, architecture.labeller.labels + 1);
  }
  return specs;
}

/** Whether a weight is one of the labeller's. */
export function isOfLabeller(name: string): boolean {
  return name.startsWith('labeller_');
}

/** Number of trained parameters. */
export function countParameters(architecture: Architecture): number {
  return listWeights(architecture).reduce(
    (sum, {shape}) => sum + shape.reduce((product, length) => product * length, 1),
    0,
  );
}

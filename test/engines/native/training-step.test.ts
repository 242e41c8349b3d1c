import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {NATIVE_BACKEND} from '../../../src/engines/native/backend.js';
import {TENSOR_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {lnccLoss, mseLoss} from '../../../src/losses/similarity.js';
import {architectureSchema} from '../../../src/models/architecture.js';
import {RegistrationNetwork} from '../../../src/models/registration-network.js';
import {Adam} from '../../../src/optimisers/adam.js';
import {trainingStep} from '../../../src/training/step.js';
import {test, testedBackend} from '../../support/native.js';
import {randomTensor} from '../../support/tensors.js';

const backend = await testedBackend();

/** These give another name or shape to the same memory. */
const VIEWS = ['Reshape', 'Identity', 'ExpandDims'];

/** Kernels in JavaScript that ran, and the most elements that each of them saw. */
const inherited = new Map<string, number>();

/** Count what the engine inherits: kernels that it does not replace, and those that a replacement falls back to. */
function watchInheritedKernels(): void {
  const ours = TENSOR_KERNELS.map(({kernelName}) => kernelName);
  for (const {kernelName, kernelFunc} of tf.getKernelsForBackend('cpu')) {
    const backendName = ours.includes(kernelName) ? 'cpu' : NATIVE_BACKEND;
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: (call) => {
        const results = kernelFunc(call);
        const sizes = [...Object.values(call.inputs), ...[results].flat()]
          .flat()
          .map((tensor) => tf.util.sizeFromShape(tensor!.shape));
        inherited.set(kernelName, Math.max(inherited.get(kernelName) ?? 0, ...sizes));
        return results;
      },
    });
  }
}

if (backend !== undefined) watchInheritedKernels();

for (const dimensions of [2, 3] as const) {
  for (const [name, similarity] of [
    ['squared errors', mseLoss(0.05)],
    ['local correlation', lnccLoss()],
  ] as const) {
    for (const bidirectional of [false, true]) {
      const title = `${dimensions} dimensions, ${name}${bidirectional ? ', both ways' : ''}`;
      test(`no kernel in JavaScript sees as much as an image in a training step: ${title}`, () => {
        const architecture = architectureSchema.parse({
          dimensions,
          bidirectional,
          hypernetwork: {layers: 1, units: 2},
          unet: {encoder: [2, 2], decoder: [2, 2, 2]},
        });
        const network = RegistrationNetwork.create(architecture, {seed: 1});
        const optimiser = new Adam({learningRate: 1e-3});
        const size = new Array<number>(dimensions).fill(dimensions === 3 ? 16 : 64);
        const inputs = {
          moving: randomTensor([2, ...size, 1], 1),
          fixed: randomTensor([2, ...size, 1], 2),
          lambda: tf.tensor1d([0.2, 0.7]),
          hyperparameters: tf.tensor2d([[0.2], [0.7]]),
        };
        const objective = {similarity, penalty: 'l2', smoothnessScale: 1} as const;
        // The first one makes the optimiser's moments.
        trainingStep(network, optimiser, inputs, objective);
        inherited.clear();
        trainingStep(network, optimiser, inputs, objective);
        const largest = Math.max(...[...network.weights.values()].map((weight) => weight.size));
        assert.ok(inherited.has('Reshape') && largest < 1000);
        // An eighth of an image is a field at half resolution.
        const smallest = 4096 / 8;
        for (const view of VIEWS) inherited.delete(view);
        assert.deepEqual(
          [...inherited].filter(([, elements]) => elements >= smallest),
          [],
        );
        network.dispose();
        optimiser.dispose();
        tf.dispose(inputs);
      });
    }
  }
}

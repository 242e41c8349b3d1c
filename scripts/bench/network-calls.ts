import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {lnccLoss, mseLoss} from '../../src/losses/similarity.js';
import {readModel} from '../../src/models/model-file.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {Adam} from '../../src/optimisers/adam.js';
import {trainingStep} from '../../src/training/step.js';
import type {Work} from './cases.js';
import {waveTensor} from './tensors.js';

const LAMBDA = 0.5;

/** The network of a model file on two images: U-Net alone, everything, or a step of training. */
export async function networkCall(
  {what, loss, size, precision}: Extract<Work, {kind: 'network'}>,
  modelPath: string,
): Promise<() => unknown> {
  if (precision !== undefined) await startEngine({engine: 'native', precision});
  const {description, weights} = await readModel(modelPath);
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const moving = waveTensor(size, 1, 1);
  const fixed = waveTensor(size, 1, 0.8);
  const hyperparameters = tf.tensor2d([[LAMBDA]]);
  if (what === 'training') {
    const optimiser = new Adam({learningRate: 1e-4});
    const inputs = {moving, fixed, hyperparameters, lambda: tf.tensor1d([LAMBDA])};
    const similarity = loss === 'lncc' ? lnccLoss() : mseLoss(0.05);
    const options = {similarity, penalty: 'l2', smoothnessScale: 2} as const;
    return () => trainingStep(network, optimiser, inputs, options);
  }
  const inputs = {moving, fixed, hyperparameters};
  if (what === 'unet') {
    return () => {
      network.predictVelocity(inputs).dispose();
    };
  }
  return () => {
    tf.dispose({...network.predict(inputs)});
  };
}

import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../src/errors.js';
import {
  HyperConv2DFromDense,
  HyperConv3DFromDense,
} from '../../src/layers/hyper-conv-from-dense.js';
import {HyperDenseFromDense} from '../../src/layers/hyper-dense-from-dense.js';
import type {Activation} from '../../src/ops/activation.js';
import {convolve, type ConvolveOptions} from '../../src/ops/convolve.js';
import {onEveryEngine} from '../support/engines.js';
import {goldenCases, goldenInputs, type GoldenCase} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';
import {gradientsOf, toGolden, toTensors} from './support/tensors.js';

const report = new GoldenReport(['layers']);
after(() => console.log(report.table()));

type Tensors = Record<string, tf.Tensor>;

/** The original's word for LeakyReLU. */
const ACTIVATIONS: Record<string, Activation> = {
  relu: 'relu',
  leaky_relu: 'leakyRelu',
  tanh: 'tanh',
};

function activation(golden: GoldenCase, name: string): {[key: string]: Activation} {
  const value = golden.args[name] as string | null | undefined;
  if (!value) return {};
  const key = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {[key]: ACTIVATIONS[value]};
}

function layerOptions({args}: GoldenCase): Omit<ConvolveOptions, 'activation'> {
  return {
    strides: (args.strides ?? 1) as number | number[],
    dilations: (args.dilation_rate ?? 1) as number | number[],
    padding: (args.padding ?? 'valid') as 'same',
  };
}

function createLayer(golden: GoldenCase) {
  const {args} = golden;
  const {dilations, ...rest} = layerOptions(golden);
  const common = {
    ...activation(golden, 'activation'),
    ...activation(golden, 'hyperkernel_activation'),
    ...activation(golden, 'hyperbias_activation'),
    useBias: args.use_bias as boolean,
    hyperkernelUseBias: args.hyperkernel_use_bias as boolean,
    hyperbiasUseBias: args.hyperbias_use_bias as boolean,
  };
  if (args.layer === 'HyperDenseFromDense') {
    return new HyperDenseFromDense({units: args.units as number, ...common});
  }
  const options = {
    filters: args.filters as number,
    kernelSize: args.kernel_size as number | number[],
    dilationRate: dilations!,
    ...rest,
    ...common,
  };
  return args.layer === 'HyperConv2DFromDense'
    ? new HyperConv2DFromDense(options)
    : new HyperConv3DFromDense(options);
}

/** Run a layer as a function of all its inputs, weights included, so that everything has a gradient. */
function runLayer(golden: GoldenCase, inputs: Tensors): tf.Tensor {
  const {x, h} = inputs;
  if ('kernel' in inputs) {
    return convolve(x, inputs.kernel, inputs.bias as tf.Tensor2D, layerOptions(golden));
  }
  const layer = createLayer(golden);
  layer.build([x.shape, h.shape]);
  for (const [index, name] of golden.weight_order!.entries()) {
    // The layer reads the very tensor, so that the gradient reaches it.
    const weight = layer.weights[index] as unknown as {read: () => tf.Tensor; originalName: string};
    assert.match(weight.originalName, new RegExp(`${name}$`));
    weight.read = () => inputs[name];
  }
  return layer.call([x, h]);
}

onEveryEngine('golden layers', (engine) => {
  for (const golden of goldenCases('layers')) {
    test(`${golden.name} gives the original's numbers`, () => {
      if (golden.statistics) {
        checkInitializers(golden);
        report.pass(engine, golden, 'limits and spread of the initial weights');
      } else if (!golden.works) {
        checkRefusal(golden);
        report.pass(engine, golden, 'refused, as by the original');
      } else {
        checkNumbers(engine, golden);
      }
    });
  }
  test('every case ran', () => {
    assert.deepEqual(report.missing(engine), []);
  });
});

function checkNumbers(engine: string, golden: GoldenCase): void {
  tf.tidy(() => {
    const {r, ...inputs} = toTensors(goldenInputs(golden));
    const run = (tensors: Tensors) => runLayer(golden, tensors);
    report.check(engine, golden, 'y', toGolden(run(inputs)));
    const wanted = Object.keys(golden.outputs).filter((name) => name.startsWith('grad_'));
    if (wanted.length === 0) return;
    const gradients = gradientsOf(run, inputs, r);
    for (const name of wanted) {
      report.check(engine, golden, name, toGolden(gradients[name.slice('grad_'.length)]));
    }
  });
}

function checkRefusal(golden: GoldenCase): void {
  const {x_shape: xShape, hyp} = golden.args as {x_shape: number[]; hyp: number};
  assert.throws(
    () => {
      const layer = createLayer(golden);
      layer.build([xShape, [1, hyp]]);
      layer.call([tf.zeros(xShape), tf.zeros([1, hyp])]);
    },
    (error) => error instanceof HypermorphError && error.code === 'E_RANGE',
  );
}

function checkInitializers(golden: GoldenCase): void {
  const layer = createLayer(golden);
  layer.build([
    [1, 8, 8, 8, golden.args.in_channels as number],
    [1, golden.args.hyp as number],
  ]);
  const expected = Object.values(golden.statistics!);
  for (const [index, weight] of layer.getWeights().entries()) {
    const {shape, std} = expected[index];
    assert.deepEqual(weight.shape, shape);
    const values = Array.from(weight.dataSync());
    const fans = shape.length === 1 ? 2 * shape[0] : shape[0] + shape[1];
    // As the weights hold it: float32.
    const limit = Math.fround(Math.sqrt(6 / fans));
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    assert.ok(largest <= limit && largest > 0.8 * limit, `largest ${largest}, limit ${limit}`);
    // A uniform sample of 32 numbers has this spread within a quarter, one of thousands within a hundredth.
    assert.ok(
      Math.abs(deviation / std - 1) < (values.length > 1000 ? 0.02 : 0.5),
      `spread ${deviation}, ${std}`,
    );
  }
}

import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {RescaleTransform, SpatialTransformer, VecInt} from '../../src/layers/transform-layers.js';
import {mapTriple} from '../../src/geometry/triple.js';
import {affineToDisplacement} from '../../src/ops/affine-field.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import type {Interpolation} from '../../src/ops/warp.js';
import {onEveryEngine} from '../support/engines.js';
import {goldenCases, goldenInputs, type GoldenCase} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';
import {gradientsOf, toGolden, toTensors} from './support/tensors.js';
import {
  affineOfParameters,
  affineOfTensor,
  composeAsOriginal,
  tensorOfAffine,
} from './support/transforms.js';

const report = new GoldenReport(['transforms']);
after(() => console.log(report.table()));

type Tensors = Record<string, tf.Tensor>;

/** Outputs of a case, by the manifest's names. */
function runTransform({args, name}: GoldenCase, inputs: Tensors): Tensors {
  const {vol, trf, affine, svf, disp, params} = inputs;
  switch (args.layer ?? args.function) {
    case 'SpatialTransformer':
      return {
        y: spatialTransformer(args).call([vol, args.indexing === 'xy' ? swapFirstTwo(trf) : trf]),
      };
    case 'SpatialTransformer + AffineToDenseShift': {
      const shiftCentre = args.shift_center as boolean;
      const transformer = new SpatialTransformer({shiftCentre});
      return {
        y: transformer.call([vol, affine]),
        dense: affineToDisplacement(affine as tf.Tensor3D, vol.shape.slice(1, -1), {shiftCentre}),
      };
    }
    case 'ParamsToAffineMatrix': {
      const map = affineOfParameters([...params.dataSync()]);
      const axes = params.size === 6 ? 2 : 3;
      return {affine: tensorOfAffine(map, axes), inverse: tensorOfAffine(map.inverse(), axes)};
    }
    case 'RescaleTransform':
      return {
        y: affine
          ? rescaled(affine as tf.Tensor3D, args.zoom_factor as number)
          : new RescaleTransform({factor: args.zoom_factor as number}).call(trf),
      };
    case 'VecInt':
      return {y: new VecInt({steps: args.int_steps as number}).call(svf)};
    case 'ComposeTransform':
      return {y: composeAsOriginal(Object.values(inputs))};
    case 'voxelmorph.py.utils.jacobian_determinant':
      return {det: tf.squeeze(jacobianDeterminant(tf.expandDims(disp, 0)), [0])};
    default:
      throw new Error(`${name}: no such transform here`);
  }
}

function spatialTransformer(args: GoldenCase['args']): SpatialTransformer {
  return new SpatialTransformer({
    interpolation: args.interp_method as Interpolation,
    fill: args.fill_value as number | null,
  });
}

/** An affine map in voxels of a grid so many times as fine: only its translation is multiplied. */
function rescaled(affine: tf.Tensor3D, factor: number): tf.Tensor {
  const map = affineOfTensor(affine);
  const offset = mapTriple(map.offset, (shift) => factor * shift);
  return tensorOfAffine(map.withOffset(offset), affine.shape[1]);
}

/** The original's `indexing: 'xy'` does this and nothing else; here a field's channel c always moves along axis c. */
function swapFirstTwo(field: tf.Tensor): tf.Tensor {
  const [a, b, c] = tf.split(field, 3, field.rank - 1);
  return tf.concat([b, a, c], field.rank - 1);
}

onEveryEngine('golden transforms', (engine) => {
  for (const golden of goldenCases('transforms')) {
    test(`${golden.name} gives the original's numbers`, () => {
      tf.tidy(() => {
        const {r, ...inputs} = toTensors(goldenInputs(golden));
        const names = Object.keys(golden.outputs);
        const outputs = runTransform(golden, inputs);
        for (const name of names.filter((output) => !output.startsWith('grad_'))) {
          report.check(engine, golden, name, toGolden(outputs[name]));
        }
        if (!r) return;
        const gradients = gradientsOf((tensors) => runTransform(golden, tensors).y, inputs, r);
        for (const name of names.filter((output) => output.startsWith('grad_'))) {
          report.check(engine, golden, name, toGolden(gradients[name.slice('grad_'.length)]));
        }
      });
    });
  }
  test('every case ran', () => {
    assert.deepEqual(report.missing(engine), []);
  });
});

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as library from '../src/index.js';

test('the library has these names, and no others', () => {
  assert.deepEqual(Object.keys(library).sort(), [
    'Affine',
    'HyperConv2DFromDense',
    'HyperConv3DFromDense',
    'HyperDenseFromDense',
    'HypermorphError',
    'RegistrationNetwork',
    'RescaleTransform',
    'SpatialTransformer',
    'VERSION',
    'VecInt',
    'architectureSchema',
    'buildReport',
    'chooseHyperparameters',
    'conformImage',
    'decodeModel',
    'describeNifti',
    'diceLoss',
    'encodeModel',
    'encodeNifti',
    'encodeRegistration',
    'geometryFromGrid',
    'gridSpecOf',
    'importKerasModel',
    'integrateVelocity',
    'isSameGrid',
    'jacobianDeterminant',
    'klLoss',
    'lnccLoss',
    'measureIntensity',
    'mseLoss',
    'mutualInformationLoss',
    'networkGridFor',
    'normaliseInPlace',
    'portableVoxelKernels',
    'readImage',
    'readModel',
    'readNiftiField',
    'registerPair',
    'rescaleField',
    'sizeMultiple',
    'startEngine',
    'tukeyLoss',
    'warpTensor',
    'writeModel',
    'writeNifti',
  ]);
});

test('the version is that of the package', () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  assert.equal(library.VERSION, (JSON.parse(text) as {version: string}).version);
});

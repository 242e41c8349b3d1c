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
    'ITK_VECTORS',
    'RegistrationNetwork',
    'RescaleTransform',
    'SpatialTransformer',
    'VERSION',
    'VecInt',
    'affineTransform',
    'architectureSchema',
    'buildReport',
    'chooseHyperparameters',
    'compose',
    'conformImage',
    'decodeItkWarp',
    'decodeModel',
    'describeNifti',
    'diceLoss',
    'displacementOn',
    'displacementTransform',
    'encodeItkWarp',
    'encodeModel',
    'encodeNifti',
    'encodeRegistration',
    'exponential',
    'geometryFromGrid',
    'gridSpecOf',
    'importKerasModel',
    'integrateVelocity',
    'inverse',
    'isSameGrid',
    'jacobianDeterminant',
    'jacobianOn',
    'klLoss',
    'lnccLoss',
    'mapPoints',
    'measureDisplacement',
    'measureIntensity',
    'mseLoss',
    'mutualInformationLoss',
    'networkGridFor',
    'normaliseInPlace',
    'portableVoxelKernels',
    'readImage',
    'readModel',
    'readNiftiField',
    'readTransform',
    'registerPair',
    'rescaleField',
    'sample',
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

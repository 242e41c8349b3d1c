import assert from 'node:assert/strict';
import {test} from 'node:test';
import {encodeItkAffine} from '../../../src/formats/transforms/itk-text.js';
import {Affine} from '../../../src/geometry/affine.js';
import {affineOfText} from '../../support/transforms.js';

const HEAD = '#Insight Transform File V1.0\n#Transform 0\n';

const file = (kind: string, parameters: readonly number[], fixed: readonly number[] = [0, 0, 0]) =>
  `${HEAD}Transform: ${kind}_double_3_3\nParameters: ${parameters.join(' ')}\nFixedParameters: ${fixed.join(' ')}\n`;

test('an affine survives writing and reading, to the last bit', () => {
  const affine = Affine.fromMatrix([
    0.1, -1.2, 0.3, 12.5, 0.9, 0.11, -0.2, 1e-9, 0.05, 0.3, 1.07, -7,
  ]);
  assert.deepEqual(affineOfText(encodeItkAffine(affine)).rows, affine.rows);
});

test('left and back in the file are right and front in the world', () => {
  const text = file('TranslationTransform', [1, 2, 3], []);
  assert.deepEqual(affineOfText(text).offset, [-1, -2, 3]);
});

test('the centre of rotation stays where it is', () => {
  const half = file('Euler3DTransform', [0, 0, Math.PI / 2, 0, 0, 0], [10, 20, 30]);
  const [x, y, z] = affineOfText(half).apply([-10, -20, 30]);
  assert.ok(Math.hypot(x + 10, y + 20, z - 30) < 1e-12);
});

test('of a composite the last transform is applied first', () => {
  const scale = file('ScaleTransform', [2, 2, 2]);
  const shift = file('TranslationTransform', [1, 0, 0], []).replace(HEAD, '#Transform 1\n');
  const composite = `${HEAD}Transform: CompositeTransform_double_3_3\n`;
  const text = composite + scale.replace(HEAD, '#Transform 1\n') + shift;
  assert.deepEqual(affineOfText(text).apply([0, 0, 0]), [-2, 0, 0]);
});

const REFUSALS: readonly [title: string, text: string, message: string][] = [
  ['another file', '1 0 0 0\n', 'must begin with "#Insight Transform File V1.0", got "1 0 0 0".'],
  ['an empty one', HEAD, 'must hold a transform, got none.'],
  [
    'two dimensions',
    `${HEAD}Transform: AffineTransform_double_2_2\n`,
    'must be of three dimensions, got "AffineTransform_double_2_2".',
  ],
  [
    'something that bends',
    file('KernelTransform', [1]),
    'must hold AffineTransform, MatrixOffsetTransformBase, Euler3DTransform, VersorTransform, VersorRigid3DTransform, ' +
      'Similarity3DTransform, ScaleTransform, TranslationTransform, IdentityTransform, a displacement field, a B-spline or a composite of them, got KernelTransform.',
  ],
  [
    'a spline of another order',
    `${HEAD}Transform: BSplineTransform_double_3_3_2\n`,
    'a spline must be of order 3, got "BSplineTransform_double_3_3_2".',
  ],
  [
    'a spline without its coefficients',
    file('BSplineTransform', [1, 2, 3], [4, 4, 4, 0, 0, 0, 9, 9, 9, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
    'a field of 4 x 4 x 4 voxels must hold 192 numbers, got 3.',
  ],
  [
    'too few parameters',
    file('AffineTransform', [1, 2]),
    'AffineTransform must have 12 parameters, got 2.',
  ],
  [
    'a word for a number',
    `${HEAD}Transform: TranslationTransform_double_3_3\nParameters: 1 two 3\n`,
    'Parameters must be numbers, got "1 two 3".',
  ],
  [
    'a flat matrix',
    file('ScaleTransform', [1, 0, 1]),
    'must hold a matrix that can be inverted, got a flat one.',
  ],
  ['a line of something else', `${HEAD}Tran\n`, 'has a line that says nothing: "Tran".'],
];

for (const [title, text, message] of REFUSALS) {
  test(`${title} is refused`, () => {
    assert.throws(() => affineOfText(text), {code: 'E_IO', message});
  });
}

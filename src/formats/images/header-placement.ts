import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {geometryFromGrid} from './nifti/geometry.js';
import type {Placement} from './types.js';

/** From a neighbouring voxel to the next along i, j and k, and the first voxel. */
export interface HeaderGrid {
  readonly steps: readonly [Triple, Triple, Triple];
  readonly origin: Triple;
}

/**
 * Where a header that says it once places the voxels.
 *
 * @param grid - RAS mm.
 * @param options.assumed - Why that is not what the header says, one sentence; without it, it is.
 * @throws {HypermorphError} E_IMAGE if the voxels do not fill space.
 */
export function headerPlacement(
  {steps, origin: first}: HeaderGrid,
  {assumed}: {readonly assumed?: string | undefined} = {},
): Placement {
  // What was turned may be -0.
  const plain = ([x, y, z]: Triple): Triple => [x + 0, y + 0, z + 0];
  const [[i, j, k], origin] = [steps.map(plain), plain(first)];
  const affine = Affine.fromLinear([i[0], j[0], k[0], i[1], j[1], k[1], i[2], j[2], k[2]], origin);
  if (!affine.isUsable) {
    const shown = [i, j, k, origin].map((numbers) => `(${numbers.map(short).join(', ')})`);
    throw new HypermorphError(
      'E_IMAGE',
      `the position and spacing in the header must be finite and the axes distinct, got axes ${shown.slice(0, 3).join(' ')} from ${shown[3]} in RAS mm.`,
    );
  }
  return {
    affine,
    source: assumed === undefined ? 'header' : 'assumed',
    geometry: geometryFromGrid({affine}, {code: assumed === undefined ? 1 : 0}),
    warnings: assumed === undefined ? [] : [assumed],
  };
}

/** The same place in the other of the systems RAS and LPS. */
export function turned({steps: [i, j, k], origin}: HeaderGrid): HeaderGrid {
  const turn = ([x, y, z]: Triple): Triple => [-x, -y, z];
  return {steps: [turn(i), turn(j), turn(k)], origin: turn(origin)};
}

/** What a header in LPS says of the voxels of an affine map. */
export function lpsGridOf({linear: l, offset}: Affine): HeaderGrid {
  const steps: HeaderGrid['steps'] = [
    [l[0], l[3], l[6]],
    [l[1], l[4], l[7]],
    [l[2], l[5], l[8]],
  ];
  return turned({steps, origin: offset});
}

/** Numbers of a header as texts; without the sign of -0. */
export function textsOf(values: readonly number[]): string[] {
  return values.map((value) => String(value + 0));
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

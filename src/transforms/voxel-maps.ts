import {Affine} from '../geometry/affine.js';
import type {MapLink, PlacedField, VoxelMap} from '../kernels/voxel-map.js';
import {
  partsOf,
  type DisplacementTransform,
  type SplineTransform,
  type Transform,
} from './transform.js';

/**
 * A transform as kernels work on it, from the coordinates of one side to those of the other.
 *
 * Each link displaces once; affine maps, those of the two sides too, are multiplied into the links before the first voxel
 * is looked at. A chain with one field is m = B i + C u(D i): B = to A F, C = to A N, D = N^-1 F, for a field on a grid N.
 *
 * @param sides.from - The coordinates that the map takes, such as voxel indices, -> RAS mm on the fixed side.
 * @param sides.to - RAS mm on the moving side -> the coordinates that it gives.
 */
export function toVoxelMap(
  transform: Transform,
  sides: {readonly from: Affine; readonly to: Affine},
): VoxelMap {
  const links: MapLink[] = [];
  let since = [sides.from]; // affine maps since the last field, the last one first
  for (const part of partsOf(transform).toReversed()) {
    if (part.kind === 'affine') {
      since.unshift(part.affine);
    } else {
      links.push(linkOf(part, Affine.compose(...since)));
      since = [];
    }
  }
  const rest = Affine.compose(sides.to, ...since);
  const last = links.pop();
  return [...links, last === undefined ? {base: rest, displacement: null} : after(rest, last)];
}

/** The one affine map that a map is, or null if it displaces. */
export function affineOf(map: VoxelMap): Affine | null {
  return map.length === 1 && map[0].displacement === null ? map[0].base : null;
}

function linkOf(part: DisplacementTransform | SplineTransform, before: Affine): MapLink {
  const isSpline = part.kind === 'spline';
  const {grid, unit, values} = isSpline ? part.coefficients : part.field;
  return {
    base: before,
    displacement: {
      linear: (unit === 'voxels' ? grid.affine : Affine.identity).linear,
      // Where the two are one grid, no rounding comes between a voxel and its own vector.
      toField: before.equals(grid.affine)
        ? Affine.identity
        : Affine.compose(grid.affine.inverse(), before),
      field: values,
      fieldShape: grid.shape,
      degree: isSpline ? 3 : 1,
    },
  };
}

function after(map: Affine, {base, displacement}: MapLink): MapLink {
  return {
    base: Affine.compose(map, base),
    displacement: displacement === null ? null : turned(map, displacement),
  };
}

function turned(map: Affine, displacement: PlacedField): PlacedField {
  const linear = Affine.compose(map, Affine.fromLinear(displacement.linear));
  return {...displacement, linear: linear.linear};
}

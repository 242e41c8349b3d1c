/** Lengths along the voxel axes i, j, k, a point, a direction: three numbers, one per axis. */
export type Triple = readonly [number, number, number];

/** Three numbers from three numbers, axis by axis. */
export function mapTriple(
  [x, y, z]: Triple,
  change: (value: number, axis: 0 | 1 | 2) => number,
): Triple {
  return [change(x, 0), change(y, 1), change(z, 2)];
}

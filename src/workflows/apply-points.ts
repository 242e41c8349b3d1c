import {readPointTable} from '../formats/landmarks.js';
import {mapPoints} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import type {Warn} from './transform-chain.js';
import {countUndisplaced} from './coverage-warnings.js';
import {toRas, type LandmarkSystem} from './evaluate-inputs.js';

/** How the numbers of a table of points are meant: before in the first, after in the second of two images where they are voxels. */
export type PointSystem = LandmarkSystem;

/**
 * Take the points of a table through a transform.
 *
 * @returns The text of the table with the points where the transform takes them, and how many there are.
 * @throws {HypermorphError} As `readPoints`.
 */
export async function movePoints(
  path: string,
  {
    system,
    transform,
    warn,
  }: {
    readonly system: PointSystem;
    readonly transform: Transform;
    readonly warn: Warn;
  },
): Promise<{readonly text: string; readonly count: number}> {
  const table = await readPointTable(path);
  const [before, after] = await toRas(system);
  const points = table.points.map((point) => before.apply(point));
  const moved = mapPoints(transform, points);
  const back = after.inverse();
  const outside = countUndisplaced(points, transform);
  const unknown = moved.filter((point) => !point.every(Number.isFinite)).length;
  if (outside > 0) {
    warn(
      `${path}: ${outside} of ${points.length} points lie outside of a warp, which leaves them where they are.`,
    );
  }
  if (unknown > 0) {
    warn(
      `${path}: ${unknown} of ${points.length} points lie where a warp says that it knows no displacement; they become NaN.`,
    );
  }
  return {text: table.withPoints(moved.map((point) => back.apply(point))), count: points.length};
}

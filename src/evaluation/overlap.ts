/** How many voxels one label has in two maps, and in both at once. */
export interface LabelOverlap {
  readonly first: number;
  readonly second: number;
  readonly both: number;
}

/**
 * Count the voxels of every label of two maps on one grid, and those that both give the same label.
 *
 * @param first - Whole numbers, one per voxel.
 * @param second - As long as `first`.
 * @returns One entry for each value that occurs in either map, 0 too, in ascending order.
 */
export function countOverlaps(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): ReadonlyMap<number, LabelOverlap> {
  const counts = new Map<number, {first: number; second: number; both: number}>();
  const countOf = (label: number) => {
    let count = counts.get(label);
    if (count === undefined) counts.set(label, (count = {first: 0, second: 0, both: 0}));
    return count;
  };
  // Labels come in runs: the count of the last one is mostly that of the next, too.
  let [labelA, labelB] = [first[0], second[0]];
  let [countA, countB] = [countOf(labelA), countOf(labelB)];
  for (let n = 0; n < first.length; n++) {
    if (first[n] !== labelA) countA = countOf((labelA = first[n]));
    if (second[n] !== labelB) countB = countOf((labelB = second[n]));
    countA.first++;
    countB.second++;
    if (labelA === labelB) countA.both++;
  }
  return new Map([...counts].sort(([a], [b]) => a - b));
}

/**
 * Dice = 2 |A and B| / (|A| + |B|), 0 to 1; null where neither map has the label.
 *
 * @see Dice, Ecology 26, 1945.
 */
export function dice({first, second, both}: LabelOverlap): number | null {
  return first + second === 0 ? null : (2 * both) / (first + second);
}

/** Jaccard = |A and B| / |A or B|, 0 to 1; null where neither map has the label. */
export function jaccard({first, second, both}: LabelOverlap): number | null {
  const union = first + second - both;
  return union === 0 ? null : both / union;
}

/** Mean of the numbers in a list with nulls left out; null where no number is left. */
export function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

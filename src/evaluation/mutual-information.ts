/** Intensities of two images, sorted into the cells of a table. */
export interface JointHistogram {
  readonly bins: number;
  /** [bins, bins], the first image's bin slowest. */
  readonly counts: Float64Array;
  readonly total: number;
}

/**
 * Count pairs of intensities in cells of equal width between each image's own smallest and largest value that counts.
 *
 * @param counts - Not 0 where a voxel counts.
 */
export function jointHistogram(
  images: readonly [Float32Array, Float32Array],
  counts: ArrayLike<number>,
  bins: number,
): JointHistogram {
  const [a, b] = images;
  const scales = images.map((image) => binScale(image, counts, bins));
  const table = new Float64Array(bins * bins);
  const [{low: lowA, factor: factorA}, {low: lowB, factor: factorB}] = scales;
  let total = 0;
  // Plain loops: this runs once or twice, before anything is compiled.
  for (let n = 0; n < a.length; n++) {
    if (counts[n] === 0) continue;
    const row = Math.min(Math.floor((a[n] - lowA) * factorA), bins - 1);
    table[row * bins + Math.min(Math.floor((b[n] - lowB) * factorB), bins - 1)]++;
    total++;
  }
  return {bins, counts: table, total};
}

interface BinScale {
  readonly low: number;
  /** Bins per unit of intensity; 0 for an image of one value. */
  readonly factor: number;
}

function binScale(image: Float32Array, counts: ArrayLike<number>, bins: number): BinScale {
  let [low, high] = [Infinity, -Infinity];
  for (let n = 0; n < image.length; n++) {
    if (counts[n] === 0) continue;
    if (image[n] < low) low = image[n];
    if (image[n] > high) high = image[n];
  }
  return {low, factor: high > low ? bins / (high - low) : 0};
}

/**
 * Mutual information of the cells of a joint histogram, nats: sum of p(a, b) ln(p(a, b) / (p(a) p(b))).
 *
 * It is the plain estimator: no smoothing of the histogram and no correction of its bias, so compare only numbers of equal
 * bins and about equally many voxels.
 *
 * @returns 0 or more; null where the histogram is empty.
 * @see Maes et al., IEEE Transactions on Medical Imaging 16, 1997, equation 3.
 */
export function mutualInformation({bins, counts, total}: JointHistogram): number | null {
  if (total === 0) return null;
  const rows = new Float64Array(bins);
  const columns = new Float64Array(bins);
  counts.forEach((count, n) => {
    rows[Math.floor(n / bins)] += count;
    columns[n % bins] += count;
  });
  let information = 0;
  counts.forEach((count, n) => {
    if (count === 0) return;
    const independent = rows[Math.floor(n / bins)] * columns[n % bins];
    information += (count / total) * Math.log((count * total) / independent);
  });
  return Math.max(information, 0);
}

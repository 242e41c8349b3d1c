/**
 * Outlines of labels in slices: the label's number where a pixel of it touches another one or the border of the slice, else 0.
 *
 * What an outline encloses cannot be left from pixel to pixel along rows and columns without crossing it.
 *
 * @param labels - Slices one after the other; 0 is no label.
 */
export function outlinesOf(
  labels: ArrayLike<number>,
  {width, height}: {readonly width: number; readonly height: number},
): Float64Array {
  const outlines = new Float64Array(labels.length);
  for (let n = 0; n < labels.length; n++) {
    const label = labels[n];
    if (label === 0) continue;
    const x = n % width;
    const y = Math.floor(n / width) % height;
    const isInside =
      x > 0 &&
      x < width - 1 &&
      y > 0 &&
      y < height - 1 &&
      labels[n - 1] === label &&
      labels[n + 1] === label &&
      labels[n - width] === label &&
      labels[n + width] === label;
    if (!isInside) outlines[n] = label;
  }
  return outlines;
}

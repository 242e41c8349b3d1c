/** A rescaling as the addon reads it; the tables are those of src/native/kernels/rescale.h. */
export interface RescalePlan {
  readonly sizes: Int32Array;
  readonly lower: Int32Array;
  readonly fraction: Float32Array;
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

/** Where every output index reads along one axis (corners aligned), and which outputs read every input index. */
function planAxis(from: number, to: number) {
  const lower = new Array<number>(to);
  const fraction = new Array<number>(to);
  const begin = new Array<number>(from).fill(to);
  const end = new Array<number>(from).fill(0);
  for (let x = 0; x < to; x++) {
    const position = Math.fround((x * (from - 1)) / Math.max(to - 1, 1));
    lower[x] = Math.max(0, Math.min(Math.floor(position), from - 2));
    fraction[x] = position - lower[x];
    for (let read = lower[x]; read <= Math.min(lower[x] + 1, from - 1); read++) {
      begin[read] = Math.min(begin[read], x);
      end[read] = x + 1;
    }
  }
  return {lower, fraction, begin, end};
}

/**
 * Tables and sizes; a plane (K = 1) is handed over as [1, I, J], because the kernel is fastest along a long last axis.
 *
 * @param field - [N, I, J, K, C], the shape before.
 * @param size - I, J, K after.
 */
export function planRescale(field: readonly number[], size: readonly number[]): RescalePlan {
  const order = field[3] === 1 && size[2] === 1 ? [2, 0, 1] : [0, 1, 2];
  const from = order.map((axis) => field[axis + 1]);
  const to = order.map((axis) => size[axis]);
  const axes = from.map((length, axis) => planAxis(length, to[axis]));
  return {
    sizes: Int32Array.of(field[0], ...from, field[4], ...to),
    lower: Int32Array.from(axes.flatMap(({lower}) => lower)),
    fraction: Float32Array.from(axes.flatMap(({fraction}) => fraction)),
    begin: Int32Array.from(axes.flatMap(({begin}) => begin)),
    end: Int32Array.from(axes.flatMap(({end}) => end)),
  };
}

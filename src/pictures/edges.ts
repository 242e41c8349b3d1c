/** Standard deviation of the blur before gradients are taken, pixels. */
const SIGMA = 1.3;
/** The strength of a clear edge is that of this share of all ridges; an edge begins at, and goes on to, these shares of it. */
const CLEAR = 0.9;
const [BEGIN, GO_ON] = [0.6, 0.3];
/** A gradient below this share of the window's range per pixel is none. */
const NOTHING = 0.015;

/**
 * Edges in slices: 1 on an edge, which is one pixel wide, else 0.
 *
 * The gradient of the blurred slice, thinned to its ridges, from strong ones on along all that are connected to them. Nothing is an
 * edge next to a pixel that is no number: that is where an image ends, not what it shows.
 *
 * @param values - Slices one after the other.
 * @see Canny, IEEE Transactions on Pattern Analysis and Machine Intelligence 8(6), 1986.
 */
export function edgesOf(
  values: ArrayLike<number>,
  {width, height}: {readonly width: number; readonly height: number},
  {low, high}: {readonly low: number; readonly high: number},
): Uint8Array {
  const scaled = new Float32Array(values.length);
  for (let n = 0; n < scaled.length; n++) {
    // What is no number counts as black.
    if (values[n] > low) scaled[n] = (Math.min(values[n], high) - low) / (high - low);
  }
  const blurred = blur(scaled, width, height);
  const ridges = ridgesOf(blurred, width, height);
  for (let n = 0; n < ridges.length; n++) {
    if (ridges[n] > 0 && isBorder(values, n, width, height)) ridges[n] = 0;
  }
  const strengths = ridges.filter((strength) => strength > NOTHING).sort();
  const clear = strengths[Math.floor(CLEAR * strengths.length)] ?? Infinity;
  return follow(ridges, {begin: BEGIN * clear, goOn: GO_ON * clear, width, height});
}

/** Convolve the rows, then the columns, of each slice with a Gaussian; the outermost pixels repeat. */
function blur(values: Float32Array, width: number, height: number): Float32Array {
  return blurAlong(blurAlong(values, width, 1), height, width);
}

const WEIGHTS = Float64Array.from({length: 5}, (_, n) => Math.exp(-(n ** 2) / (2 * SIGMA ** 2)));
const TOTAL = WEIGHTS.reduce((sum, weight, n) => sum + (n === 0 ? weight : 2 * weight), 0);

/** Along lines of so many pixels, each so far from the next. */
function blurAlong(source: Float32Array, length: number, stride: number): Float32Array {
  const reach = WEIGHTS.length - 1;
  const result = new Float32Array(source.length);
  for (let start = 0; start < source.length; start += length * stride) {
    for (let place = 0; place < length; place++) {
      const [before, after] = [place, length - 1 - place];
      for (let n = start + place * stride; n < start + (place + 1) * stride; n++) {
        let sum = WEIGHTS[0] * source[n];
        for (let w = 1; w <= reach; w++) {
          const low = source[n - (w < before ? w : before) * stride];
          const high = source[n + (w < after ? w : after) * stride];
          sum += WEIGHTS[w] * (low + high);
        }
        result[n] = sum / TOTAL;
      }
    }
  }
  return result;
}

/** The length of the gradient where it is largest along its own direction, else 0. */
function ridgesOf(values: Float32Array, width: number, height: number): Float32Array {
  const lengths = new Float32Array(values.length);
  for (let n = 0; n < values.length; n++) {
    if (isOutermost(n, width, height)) continue;
    const x = values[n + 1] - values[n - 1];
    const y = values[n + width] - values[n - width];
    lengths[n] = Math.sqrt(x * x + y * y) / 2;
  }
  const ridges = new Float32Array(values.length);
  for (let n = 0; n < values.length; n++) {
    if (lengths[n] <= NOTHING) continue;
    // The neighbours along the gradient, between two pixels each.
    const x = values[n + 1] - values[n - 1];
    const y = values[n + width] - values[n - width];
    const isFlat = Math.abs(x) > Math.abs(y);
    const sideways = Math.sign(x);
    const diagonal = sideways + Math.sign(y) * width;
    const straight = isFlat ? sideways : diagonal - sideways;
    const share = isFlat ? Math.abs(y / x) : Math.abs(x / y);
    const above = (1 - share) * lengths[n + straight] + share * lengths[n + diagonal];
    const below = (1 - share) * lengths[n - straight] + share * lengths[n - diagonal];
    if (lengths[n] > above && lengths[n] >= below) ridges[n] = lengths[n];
  }
  return ridges;
}

function isOutermost(n: number, width: number, height: number): boolean {
  const x = n % width;
  const y = Math.floor(n / width) % height;
  return x === 0 || y === 0 || x === width - 1 || y === height - 1;
}

/** How near to what is no number an edge is none, pixels: the blur reaches so far. */
const CLEARANCE = 2;

function isBorder(values: ArrayLike<number>, n: number, width: number, height: number): boolean {
  const x = n % width;
  const y = Math.floor(n / width) % height;
  for (let v = Math.max(y - CLEARANCE, 0); v <= Math.min(y + CLEARANCE, height - 1); v++) {
    for (let u = Math.max(x - CLEARANCE, 0); u <= Math.min(x + CLEARANCE, width - 1); u++) {
      const value = values[n + (v - y) * width + (u - x)];
      if (value - value !== 0) return true;
    }
  }
  return false;
}

/** All ridges above `goOn` that are connected to one above `begin`. */
function follow(
  ridges: Float32Array,
  {begin, goOn, width, height}: {begin: number; goOn: number; width: number; height: number},
): Uint8Array {
  const edges = new Uint8Array(ridges.length);
  const open: number[] = [];
  const take = (n: number) => {
    edges[n] = 1;
    open.push(n);
  };
  for (let n = 0; n < ridges.length; n++) if (ridges[n] >= begin) take(n);
  for (let n = open.pop(); n !== undefined; n = open.pop()) {
    if (isOutermost(n, width, height)) continue;
    for (const row of [-width, 0, width]) {
      for (const column of [-1, 0, 1]) {
        const next = n + row + column;
        if (edges[next] === 0 && ridges[next] >= goOn) take(next);
      }
    }
  }
  return edges;
}

/** Everything a generator needs to go on where it stopped: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * A seeded generator whose state can be saved, so that a resumed training draws the numbers it would have drawn.
 *
 * @see Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021: xoshiro128**, seeded by splitmix32.
 */
export class Random {
  readonly #words: Uint32Array;

  constructor(seed: number | RandomState) {
    this.#words = typeof seed === 'number' ? spreadSeed(seed) : Uint32Array.from(seed);
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#words;
    return [a, b, c, d];
  }

  /** Uniform integer in [0, 2^32). */
  nextWord(): number {
    const s = this.#words;
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return result;
  }

  /** Uniform number in [minimum, maximum), by default [0, 1). */
  uniform(minimum = 0, maximum = 1): number {
    return minimum + (maximum - minimum) * (this.nextWord() / 4294967296);
  }

  /** Uniform integer in [0, count). */
  index(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Normal number with mean 0 and the given standard deviation (Box & Muller 1958). */
  normal(deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function spreadSeed(seed: number): Uint32Array {
  let state = seed >>> 0;
  return Uint32Array.from({length: 4}, () => {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  });
}

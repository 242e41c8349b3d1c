/**
 * Room in which the levels of a refinement compute, one after the other: pages that one level has written are there for the next. What was never
 * written takes no memory of the machine.
 */
export class LevelMemory {
  readonly #room: Float32Array;
  #taken = 0;

  /** @param room - Its contents are overwritten. Where it is too small, arrays are made. */
  constructor(room = new Float32Array(0)) {
    this.#room = room;
  }

  /** An array for the level that is open; its contents are undefined. */
  take(length: number): Float32Array {
    if (this.#taken + length > this.#room.length) return new Float32Array(length);
    this.#taken += length;
    return this.#room.subarray(this.#taken - length, this.#taken);
  }

  /** All that is left, or a new array where that is less. */
  takeRest(least: number): Float32Array {
    return this.take(Math.max(least, this.#room.length - this.#taken));
  }

  /** The level that was open is closed: what it took is anyone's. */
  clear(): void {
    this.#taken = 0;
  }
}

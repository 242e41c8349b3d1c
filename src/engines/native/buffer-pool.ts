/** Below this size a buffer is left to the garbage collector: keeping it would cost more than making it. */
const SMALLEST_POOLED_BYTES = 1 << 16;
/** A free buffer serves a request down to this share of its size. */
const LEAST_USE = 0.75;

interface PooledBuffer {
  readonly buffer: ArrayBuffer;
  /** Tensors that hold it; a slice shares the buffer of its source. */
  holders: number;
  /** Somebody outside may still read it, so it is never used again. */
  escaped: boolean;
}

/** What the pool holds, bytes. */
export interface PoolMemory {
  /** In buffers that tensors hold. */
  readonly usedBytes: number;
  /** In buffers that wait to be used again. */
  readonly freeBytes: number;
  /** The most that used and free buffers together ever took since the last reset. */
  readonly peakBytes: number;
}

/**
 * Buffers of large tensors, used again as soon as their last tensor is disposed.
 *
 * So the memory a network takes is what its tensors need, not what the garbage collector has not looked at yet.
 */
export class BufferPool {
  readonly #records = new WeakMap<ArrayBufferLike, PooledBuffer>();
  #free: PooledBuffer[] = [];
  #usedBytes = 0;
  #freeBytes = 0;
  #peakBytes = 0;

  /**
   * A Float32Array whose contents are undefined. Its buffer is free until `retain`.
   *
   * @param size - Number of elements, >= 0.
   */
  allocate(size: number): Float32Array {
    const bytes = size * Float32Array.BYTES_PER_ELEMENT;
    if (bytes < SMALLEST_POOLED_BYTES) return new Float32Array(size);
    const reused = this.#takeFree(bytes);
    if (reused !== undefined) return new Float32Array(reused.buffer, 0, size);
    const array = new Float32Array(size);
    this.#records.set(array.buffer, {buffer: array.buffer, holders: 0, escaped: false});
    return array;
  }

  /** A tensor now holds these values. Values that are not the pool's are ignored. */
  retain(values: unknown): void {
    const record = this.#recordOf(values);
    if (record === undefined) return;
    if (record.holders === 0 && !record.escaped) {
      this.#usedBytes += record.buffer.byteLength;
      this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes + this.#freeBytes);
    }
    record.holders += 1;
  }

  /** A tensor that held these values is gone. */
  release(values: unknown): void {
    const record = this.#recordOf(values);
    if (record === undefined || record.holders === 0) return;
    record.holders -= 1;
    if (record.holders > 0 || record.escaped) return;
    this.#usedBytes -= record.buffer.byteLength;
    this.#freeBytes += record.buffer.byteLength;
    this.#free.push(record);
  }

  /** These values were handed to a caller who may keep them: their buffer is never used for another tensor. */
  markEscaped(values: unknown): void {
    const record = this.#recordOf(values);
    if (record === undefined || record.escaped) return;
    record.escaped = true;
    if (record.holders > 0) this.#usedBytes -= record.buffer.byteLength;
  }

  /** Whether exactly one tensor, and nobody outside, holds these values. */
  isPrivate(values: unknown): boolean {
    const record = this.#recordOf(values);
    return record !== undefined && !record.escaped && record.holders === 1;
  }

  /** Give the free buffers back to the system (the garbage collector). */
  trim(): void {
    this.#free = [];
    this.#freeBytes = 0;
  }

  memory(): PoolMemory {
    return {usedBytes: this.#usedBytes, freeBytes: this.#freeBytes, peakBytes: this.#peakBytes};
  }

  /** Let `peakBytes` count from now on. */
  resetPeak(): void {
    this.#peakBytes = this.#usedBytes + this.#freeBytes;
  }

  #recordOf(values: unknown): PooledBuffer | undefined {
    return ArrayBuffer.isView(values) ? this.#records.get(values.buffer) : undefined;
  }

  /** The smallest free buffer that fits without wasting much. */
  #takeFree(bytes: number): PooledBuffer | undefined {
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const size = this.#free[i].buffer.byteLength;
      if (size < bytes || size * LEAST_USE > bytes) continue;
      if (best < 0 || size < this.#free[best].buffer.byteLength) best = i;
    }
    if (best < 0) return undefined;
    const [record] = this.#free.splice(best, 1);
    this.#freeBytes -= record.buffer.byteLength;
    return record;
  }
}

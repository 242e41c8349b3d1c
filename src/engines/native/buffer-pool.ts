/** Below this size memory is left to the garbage collector: keeping it would cost more than making it. */
const SMALLEST_POOLED_BYTES = 1 << 16;
/** Pieces start at multiples of this: a cache line. */
const ALIGNMENT = 64;
/** A block gives pieces of at least this share of itself, so that small tensors that stay do not break up a large block. */
const SMALLEST_SHARE = 1 / 8;

/** Memory from the system, cut into pieces that lie one behind the other. */
interface Block {
  readonly buffer: ArrayBuffer;
  readonly pieces: Piece[];
}

interface Piece {
  readonly offset: number;
  readonly bytes: number;
  isFree: boolean;
  /** Tensors that hold it; a slice shares the piece of its source. */
  holders: number;
}

/** What the pool holds, bytes. */
export interface PoolMemory {
  /** In pieces that tensors hold. */
  readonly usedBytes: number;
  /** In pieces that wait to be used again. */
  readonly freeBytes: number;
  /** The most that used and free pieces together ever took since the last reset. */
  readonly peakBytes: number;
}

/**
 * Memory of large tensors, used again as soon as their last tensor is disposed; a large block then serves several small tensors.
 *
 * So the memory a network takes is what its tensors need, not what the garbage collector has not looked at yet.
 */
export class BufferPool {
  readonly #blockOf = new WeakMap<ArrayBufferLike, Block>();
  readonly #prepareBlock: (memory: Float32Array) => void;
  #blocks: Block[] = [];
  #totalBytes = 0;
  #usedBytes = 0;
  #peakBytes = 0;

  /** @param prepareBlock - Sees every new block before its first use. */
  constructor(prepareBlock: (memory: Float32Array) => void = () => undefined) {
    this.#prepareBlock = prepareBlock;
  }

  /**
   * A Float32Array whose contents are undefined. A tensor has to take it with `retain`.
   *
   * @param size - Number of elements, >= 0.
   */
  allocate(size: number): Float32Array {
    const bytes = size * Float32Array.BYTES_PER_ELEMENT;
    if (bytes < SMALLEST_POOLED_BYTES) return new Float32Array(size);
    const needed = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const {block, index} = this.#findFree(needed) ?? this.#addBlock(needed);
    const {offset, bytes: available} = block.pieces[index];
    const taken: Piece = {offset, bytes: needed, isFree: false, holders: 0};
    const rest: Piece = {
      offset: offset + needed,
      bytes: available - needed,
      isFree: true,
      holders: 0,
    };
    block.pieces.splice(index, 1, ...(rest.bytes > 0 ? [taken, rest] : [taken]));
    this.#usedBytes += needed;
    return new Float32Array(block.buffer, offset, size);
  }

  /** A tensor now holds these values. Values that are not the pool's are ignored. */
  retain(values: unknown): void {
    const found = this.#find(values);
    if (found) found.piece.holders += 1;
  }

  /** A tensor that held these values is gone. */
  release(values: unknown): void {
    const found = this.#find(values);
    if (!found) return;
    const {block, piece} = found;
    piece.holders -= 1;
    if (piece.holders > 0) return;
    piece.isFree = true;
    this.#usedBytes -= piece.bytes;
    joinFreePieces(block);
  }

  /** Whether these values are the pool's: they change once their tensors are disposed. */
  owns(values: unknown): boolean {
    return this.#find(values) !== undefined;
  }

  /** Whether exactly one tensor holds these values. */
  isPrivate(values: unknown): boolean {
    return this.#find(values)?.piece.holders === 1;
  }

  /** Give the blocks that no tensor uses back to the system (the garbage collector). */
  trim(): void {
    this.#blocks = this.#blocks.filter(({pieces}) => pieces.some(({isFree}) => !isFree));
    this.#totalBytes = this.#blocks.reduce((sum, {buffer}) => sum + buffer.byteLength, 0);
  }

  memory(): PoolMemory {
    return {
      usedBytes: this.#usedBytes,
      freeBytes: this.#totalBytes - this.#usedBytes,
      peakBytes: this.#peakBytes,
    };
  }

  /** Let `peakBytes` count from now on. */
  resetPeak(): void {
    this.#peakBytes = this.#totalBytes;
  }

  #find(values: unknown): {block: Block; piece: Piece} | undefined {
    if (!ArrayBuffer.isView(values)) return undefined;
    const block = this.#blockOf.get(values.buffer);
    const piece = block?.pieces.find(
      ({offset, bytes, isFree}) =>
        !isFree && values.byteOffset >= offset && values.byteOffset < offset + bytes,
    );
    return block && piece && {block, piece};
  }

  /** The smallest free piece that fits, in a block that is not far too large. */
  #findFree(needed: number): {block: Block; index: number} | undefined {
    let best: {block: Block; index: number} | undefined;
    let bestBytes = Infinity;
    for (const block of this.#blocks) {
      if (needed < block.buffer.byteLength * SMALLEST_SHARE) continue;
      for (const [index, {isFree, bytes}] of block.pieces.entries()) {
        if (!isFree || bytes < needed || bytes >= bestBytes) continue;
        best = {block, index};
        bestBytes = bytes;
      }
    }
    return best;
  }

  #addBlock(bytes: number): {block: Block; index: number} {
    const buffer = new ArrayBuffer(bytes);
    this.#prepareBlock(new Float32Array(buffer));
    const block: Block = {buffer, pieces: [{offset: 0, bytes, isFree: true, holders: 0}]};
    this.#blockOf.set(buffer, block);
    this.#blocks.push(block);
    this.#totalBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#totalBytes);
    return {block, index: 0};
  }
}

/** Make one piece of free neighbours. */
function joinFreePieces({pieces}: Block): void {
  for (let n = pieces.length - 1; n > 0; n--) {
    const [first, second] = [pieces[n - 1], pieces[n]];
    if (!first.isFree || !second.isFree) continue;
    const joined = {...first, bytes: first.bytes + second.bytes};
    pieces.splice(n - 1, 2, joined);
  }
}

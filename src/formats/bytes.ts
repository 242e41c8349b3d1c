/** Bytes in one piece, or in several that follow each other: large voxels need no copy behind their header. */
export type Bytes = Uint8Array | readonly Uint8Array[];

export function partsOf(bytes: Bytes): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

export function byteLengthOf(bytes: Bytes): number {
  return partsOf(bytes).reduce((sum, part) => sum + part.length, 0);
}

/** All of them in one piece, in memory of its own. */
export function joinBytes(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(byteLengthOf(bytes));
  let end = 0;
  for (const part of partsOf(bytes)) {
    joined.set(part, end);
    end += part.length;
  }
  return joined;
}

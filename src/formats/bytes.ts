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

/** Bytes that can be read from any place. */
export interface OpenFile {
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Read bytes [start, end) into memory of their own (offset 0 of a fresh ArrayBuffer).
   *
   * @throws {HypermorphError} E_IO if the file ends before.
   */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Whether this machine stores the low byte first. */
export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The last part of a path. */
export function baseNameOf(path: string): string {
  return path.slice(1 + Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')));
}

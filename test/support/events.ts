import {readFile} from 'node:fs/promises';

/** The steps of which an event file tells, in its order: the records are followed by their lengths, their fields by their kinds. */
export async function stepsInEvents(path: string): Promise<readonly number[]> {
  const bytes = await readFile(path);
  const steps: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(start));
    const event = bytes.subarray(start + 12, start + 12 + length);
    start += length + 16;
    const isScalar = event[9] === 0x10; // field 2, a whole number, behind field 1, nine bytes
    if (!isScalar) continue;
    let step = 0;
    for (let at = 10, shift = 0; ; at++, shift += 7) {
      step += (event[at] & 127) * 2 ** shift;
      if (event[at] < 128) break;
    }
    steps.push(step);
  }
  return steps;
}

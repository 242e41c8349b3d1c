import type {Canvas, Picture} from '../pictures/picture.js';
import {deflate} from '../platform.js';
import {joinBytes} from './bytes.js';
import {cyclicCheck} from './crc.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOUR_TYPES = {grey: 0, colour: 2, palette: 3};
const NO_FILTER = 0;
/** Each byte less the one above it. */
const FILTER_UP = 2;
const crc = cyclicCheck(0xedb88320);

/**
 * A picture as the bytes of a PNG file, eight bits a channel.
 *
 * Rows are stored as differences from the row above, which makes slices of images a third smaller than they are without.
 *
 * @see W3C, Portable Network Graphics (third edition): 5.3 (chunks), 9 (filters), 11.2 and 11.3.1.1 (IHDR, PLTE, IDAT, IEND, tRNS).
 */
export async function encodePng(picture: Picture | Canvas): Promise<Uint8Array> {
  const {width, height, data} = picture;
  const palette = 'palette' in picture ? picture.palette : undefined;
  const type = palette === undefined ? 'colour' : palette === null ? 'grey' : 'palette';
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, COLOUR_TYPES[type]);
  const colours = palette ?? [];
  // Numbers of colours are smooth as shades are, or not at all.
  const filters = type === 'palette' ? [NO_FILTER, FILTER_UP] : [FILTER_UP];
  const packed = await Promise.all(
    filters.map((filter) => deflate(filterRows(data, height, filter))),
  );
  const [smallest] = packed.sort((a, b) => a.length - b.length);
  return joinBytes([
    SIGNATURE,
    ...chunk('IHDR', new Uint8Array(header.buffer)),
    ...(colours.length === 0
      ? []
      : [
          ...chunk('PLTE', Uint8Array.from(colours.flatMap((colour) => colour.slice(0, 3)))),
          ...chunk(
            'tRNS',
            Uint8Array.from(colours, ([, , , opacity]) => opacity),
          ),
        ]),
    ...chunk('IDAT', smallest),
    ...chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(name: string, content: Uint8Array): readonly Uint8Array[] {
  const type = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
  const [length, check] = [content.length, crc(type, content)].map(bigEndian);
  return [length, type, content, check];
}

function bigEndian(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

/** A byte that names the filter before each row, and the row by that filter. */
function filterRows(data: Uint8Array, height: number, filter: number): Uint8Array {
  const width = data.length / height;
  const rows = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row++) {
    const [from, to] = [row * width, row * (width + 1)];
    rows[to] = filter;
    if (filter !== FILTER_UP || row === 0) rows.set(data.subarray(from, from + width), to + 1);
    else {
      for (let n = 0; n < width; n++) rows[to + 1 + n] = data[from + n] - data[from + n - width];
    }
  }
  return rows;
}

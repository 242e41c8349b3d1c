/** Red, green, blue, opacity: 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number, opacity: number];

/** A picture of one byte per pixel, row by row from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** What the bytes mean: colours by their number; null: shades of grey, 0 black. */
  readonly palette: readonly Colour[] | null;
}

/** Grey values of intensities: `low` is black, `high` white, and what is no number black. */
export function greyOf(
  values: ArrayLike<number>,
  {low, high}: {readonly low: number; readonly high: number},
): Uint8Array {
  const factor = high > low ? 255 / (high - low) : 0;
  const grey = new Uint8Array(values.length);
  for (let n = 0; n < grey.length; n++) {
    const shade = (values[n] - low) * factor;
    grey[n] = shade > 0 ? Math.min(Math.round(shade), 255) : 0;
  }
  return grey;
}

/** A colour picture under construction: opaque, three bytes per pixel. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  constructor(width: number, height: number, [red, green, blue]: Colour) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(3 * width * height);
    for (let n = 0; n < this.data.length; n += 3) this.data.set([red, green, blue], n);
  }

  /** Lay a rectangle of a picture onto this one, its left upper corner at (x, y); what reaches beyond is cut off. */
  paint(picture: Picture, from: Rectangle, x: number, y: number): void {
    for (let row = 0; row < from.height; row++) {
      for (let column = 0; column < from.width; column++) {
        const byte = picture.data[(from.y + row) * picture.width + from.x + column];
        const colour =
          picture.palette === null ? ([byte, byte, byte, 255] as const) : picture.palette[byte];
        this.blend(x + column, y + row, colour);
      }
    }
  }

  /** Lay a colour over a pixel. */
  blend(x: number, y: number, [red, green, blue, opacity]: Colour): void {
    if (opacity === 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = 3 * (y * this.width + x);
    const share = opacity / 255;
    [red, green, blue].forEach((value, channel) => {
      const under = this.data[at + channel];
      this.data[at + channel] = Math.round(under + share * (value - under));
    });
  }
}

/** A part of a picture, in pixels from the left upper corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

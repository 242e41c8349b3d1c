import type {Drawing, Layer} from './draw-registration.js';
import type {Tile} from './mosaic.js';
import {Canvas, type Colour, type Picture} from './picture.js';
import {lineHeight, widthOf, wrapText, write} from './text.js';

const BLACK: Colour = [0, 0, 0, 255];
const WHITE: Colour = [255, 255, 255, 255];
const LIGHT: Colour = [200, 204, 208, 255];
const GROUND: Colour = [24, 26, 28, 255];
/** Around and between what is drawn, pixels. */
const [MARGIN, GAP] = [12, 4];
/** Of what is drawn, so that texts have room. */
const LEAST_WIDTH = 900;
/** Size of a letter's pixel in titles and in all other texts. */
const [LARGE, SMALL] = [3, 2];

/** A row of a picture of pictures: what lies on each other, and what it is called. */
interface ContactRow {
  readonly name: string;
  readonly pictures: readonly Picture[];
}

/** What stands above the rows. */
export interface ContactTexts {
  readonly title: string;
  readonly lines: readonly string[];
  /** What each layer is called, `grid` and `jacobian` too. */
  readonly names: Readonly<Record<string, string>>;
  /** The key of the layer that counts. */
  readonly result: string;
}

/**
 * All stages of a registration in one picture, a row each: the inner slices of each plane, with the edges of the fixed image, or the
 * outlines of its labels where it has some, on the moving one.
 */
export function drawContact(
  drawing: Drawing,
  {title, names, result, ...texts}: ContactTexts,
): Canvas {
  const rows = rowsOf(drawing, {names, result});
  const tiles = innerTiles(drawing);
  const cell = Math.max(...tiles.map(({height}) => height));
  const wide = tiles.reduce((sum, {width}) => sum + width + GAP, -GAP);
  const width = Math.max(wide, LEAST_WIDTH);
  const head = [
    blockOf(title, {colour: WHITE, scale: LARGE, width}),
    ...texts.lines.map((line) => blockOf(line, {colour: LIGHT, scale: SMALL, width})),
  ];
  const captions = rows.map(({name}) => blockOf(name, {colour: WHITE, scale: SMALL, width}));
  const heights = [...head, ...captions].map(({height}) => height);
  const height =
    heights.reduce((sum, one) => sum + one, 2 * MARGIN) + rows.length * (cell + MARGIN);
  const canvas = new Canvas(2 * MARGIN + width, height, GROUND);
  let y = MARGIN;
  for (const block of head) y = writeBlock(canvas, block, y);
  y += MARGIN;
  rows.forEach(({pictures}, n) => {
    y = writeBlock(canvas, captions[n], y);
    drawTiles(canvas, {tiles, pictures, drawing, cell}, [MARGIN, y]);
    y += cell + MARGIN;
  });
  return canvas;
}

/** A text in as many lines as it needs. */
interface TextBlock {
  readonly lines: readonly string[];
  readonly colour: Colour;
  readonly scale: number;
  /** Of all lines, pixels. */
  readonly height: number;
}

function blockOf(
  text: string,
  {colour, scale, width}: {readonly colour: Colour; readonly scale: number; readonly width: number},
): TextBlock {
  const lines = wrapText(text, Math.floor(width / widthOf(' ', scale)));
  return {lines, colour, scale, height: lines.length * lineHeight(scale)};
}

/** @returns Where the next text begins, from the top. */
function writeBlock(canvas: Canvas, {lines, colour, scale, height}: TextBlock, y: number): number {
  lines.forEach((line, n) => {
    write(canvas, line, [MARGIN, y + n * lineHeight(scale)], {colour, scale});
  });
  return y + height;
}

/** The middle slice of each plane of a layer with the edges of the fixed image, at half the size. */
export function drawThumbnail(drawing: Drawing, key: string): Canvas {
  const middles = drawing.planes.map((_, plane) => {
    const own = drawing.mosaic.tiles.filter((tile) => tile.plane === plane);
    return own[own.length >> 1];
  });
  const cell = Math.max(...middles.map(({height}) => height));
  const width = middles.reduce((sum, tile) => sum + tile.width + GAP, -GAP);
  const canvas = new Canvas(width, cell, BLACK);
  const pictures = [layerOf(drawing, key).picture, layerOf(drawing, 'fixed').edges];
  drawTiles(canvas, {tiles: middles, pictures, drawing, cell}, [0, 0]);
  return halved(canvas);
}

function rowsOf(
  drawing: Drawing,
  {names, result}: Pick<ContactTexts, 'names' | 'result'>,
): readonly ContactRow[] {
  const {edges, picture: still, labels: ofFixed} = layerOf(drawing, 'fixed');
  const {labels: moved} = layerOf(drawing, result);
  return [
    ...drawing.layers.map(({key, picture, labels}) => ({
      name: names[key],
      // On the fixed image, too, labels lie as in the result.
      pictures: (key === 'fixed'
        ? [picture, moved, ofFixed]
        : [picture, labels, ofFixed ?? edges]
      ).filter((layer) => layer !== null),
    })),
    {name: names['grid'], pictures: [still, drawing.grid]},
    {name: names['jacobian'], pictures: [drawing.jacobian, edges]},
  ];
}

function layerOf({layers}: Drawing, key: string): Layer {
  return layers.find((layer) => layer.key === key)!;
}

/** All slices but the outermost ones, where there are so many. */
function innerTiles({mosaic: {tiles}}: Drawing): readonly Tile[] {
  return tiles.filter(({plane, slice}) => {
    const last = Math.max(
      ...tiles.filter((tile) => tile.plane === plane).map((tile) => tile.slice),
    );
    return last < 4 || (slice > 0 && slice < last);
  });
}

function drawTiles(
  canvas: Canvas,
  {
    tiles,
    pictures,
    drawing,
    cell,
  }: {tiles: readonly Tile[]; pictures: readonly Picture[]; drawing: Drawing; cell: number},
  [left, top]: readonly [number, number],
): void {
  let x = left;
  tiles.forEach((tile, n) => {
    const y = top + Math.floor((cell - tile.height) / 2);
    for (const picture of pictures) canvas.paint(picture, tile, x, y);
    if (tile.plane !== tiles[n - 1]?.plane) {
      const {sides} = drawing.planes[tile.plane];
      const [wide, high] = [widthOf(' ', SMALL), lineHeight(SMALL)];
      const [column, line] = [x + ((tile.width - wide) >> 1), y + ((tile.height - high) >> 1)];
      writeOnPicture(canvas, sides.left, [x + 3, line]);
      writeOnPicture(canvas, sides.right, [x + tile.width - wide - 1, line]);
      writeOnPicture(canvas, sides.top, [column, y + 3]);
      writeOnPicture(canvas, sides.bottom, [column, y + tile.height - high + 4]);
    }
    x += tile.width + GAP;
  });
}

/** White with a black shadow: what is below may be of any shade. */
function writeOnPicture(canvas: Canvas, text: string, [x, y]: readonly [number, number]): void {
  for (const [dx, dy] of [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ]) {
    write(canvas, text, [x + dx, y + dy], {colour: BLACK, scale: SMALL});
  }
  write(canvas, text, [x, y], {colour: WHITE, scale: SMALL});
}

/** Each pixel is the mean of four. */
function halved({width, height, data}: Canvas): Canvas {
  const half = new Canvas(width >> 1, height >> 1, BLACK);
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * (2 * y * width + 2 * x) + channel;
        const sum = data[at] + data[at + 3] + data[at + 3 * width] + data[at + 3 * width + 3];
        half.data[3 * (y * half.width + x) + channel] = Math.round(sum / 4);
      }
    }
  }
  return half;
}

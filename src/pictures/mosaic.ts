import {countVoxels} from '../geometry/grid.js';
import type {Rectangle} from './picture.js';
import type {PlaneStack} from './planes.js';

/** Where one slice lies in a picture of all of them. */
export interface Tile extends Rectangle {
  /** Number of its plane and of its slice. */
  readonly plane: number;
  readonly slice: number;
}

/** A picture of all slices: a row for each plane, a column for each slice. */
export interface Mosaic {
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly Tile[];
}

/** Pixels between two slices. */
const GAP = 4;

/** Lay out all slices, each in the middle of its cell. */
export function layMosaic(stacks: readonly PlaneStack[]): Mosaic {
  const cell = Math.max(...stacks.map(({grid}) => grid.shape[0]));
  const columns = Math.max(...stacks.map(({grid}) => grid.shape[2]));
  let top = 0;
  const tiles = stacks.flatMap(({grid: {shape}}, plane) => {
    const [width, height, slices] = shape;
    const y = top;
    top += height + GAP;
    return Array.from({length: slices}, (_, slice): Tile => {
      const x = slice * (cell + GAP) + Math.floor((cell - width) / 2);
      return {plane, slice, x, y, width, height};
    });
  });
  return {width: columns * (cell + GAP) - GAP, height: top - GAP, tiles};
}

/** One picture of all slices. @param stacks - Of each plane its slices, one after the other, a byte per pixel. */
export function fillMosaic(
  {width, height, tiles}: Mosaic,
  planes: readonly PlaneStack[],
  stacks: readonly Uint8Array[],
): Uint8Array {
  const data = new Uint8Array(width * height);
  for (const tile of tiles) {
    const {grid} = planes[tile.plane];
    const first = (tile.slice * countVoxels(grid.shape)) / grid.shape[2];
    for (let row = 0; row < tile.height; row++) {
      const start = first + row * tile.width;
      const line = stacks[tile.plane].subarray(start, start + tile.width);
      data.set(line, (tile.y + row) * width + tile.x);
    }
  }
  return data;
}

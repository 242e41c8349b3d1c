import type {Volume} from './volume.js';

/** What an image shows, by the names under which models recommend hyperparameters. */
export type KindOfData = 'CT of the lung';

/** Hounsfield units, between which voxels are lung, and soft tissue or bone; air is -1000, water 0. */
const LUNG = {above: -950, below: -500} as const;
const TISSUE = {above: -200, below: 1500} as const;
/** Shares of all voxels. Measured: chests 0.16 and 0.22 of lung, 0.56 of tissue; a head amid air 0.07 and 0.09; MR has no lung at all. */
const LEAST_LUNG = 0.1;
const LEAST_TISSUE = 0.2;
/** About so many voxels are looked at. */
const PLACES = 1e5;

/**
 * The kind of data of a pair; null where its images are not of one that is known.
 *
 * @example
 * import {kindOfPair} from 'hypermorph';
 * const [a, b] = [[-1000, -800, 40], [-990, -820, 60]].map((values) => Float32Array.from(values));
 * kindOfPair({data: a}, {data: b}); // 'CT of the lung'
 * kindOfPair({data: a}, {data: b.fill(0)}); // null
 */
export function kindOfPair(
  fixed: Pick<Volume, 'data'>,
  moving: Pick<Volume, 'data'>,
): KindOfData | null {
  return [fixed, moving].every(showsLung) ? 'CT of the lung' : null;
}

function showsLung({data}: Pick<Volume, 'data'>): boolean {
  // An odd step meets all columns of a grid.
  const step = Math.max(1, 2 * Math.floor(data.length / PLACES / 2) + 1);
  let [lung, tissue, all] = [0, 0, 0];
  for (let n = 0; n < data.length; n += step) {
    const value = data[n];
    if (value > LUNG.above && value < LUNG.below) lung++;
    else if (value > TISSUE.above && value < TISSUE.below) tissue++;
    all++;
  }
  return lung >= LEAST_LUNG * all && tissue >= LEAST_TISSUE * all;
}

import type {Triple} from './volume.js';

/** A 4x4 matrix, row-major, sixteen numbers; the last row is 0 0 0 1. */
export type Matrix4 = readonly number[];
export type {Triple};

import {Affine} from '../../geometry/affine.js';

/** Millimetres to the right, front and up <-> to the left, back and up, as ITK has them. */
export const LPS = Affine.scaling([-1, -1, 1]);

import {HypermorphError} from '../errors.js';
import {countVoxels, type Grid} from '../geometry/grid.js';

/** Millimetres along right, front, up (RAS), or voxels along the axes of the field's grid. */
export type FieldUnit = 'mm' | 'voxels';

/**
 * How the vectors of a grid [I, J, K] lie in memory. 'tensor': [I, J, K, 3], the component fastest, then k, j, i, as networks
 * have them. 'disk': the component slowest, then k, j, and i fastest, as files have them.
 */
export type FieldOrder = 'tensor' | 'disk';

/** A vector at every voxel of a grid; nothing about it is left to a comment. */
export interface VectorField<
  Unit extends FieldUnit = FieldUnit,
  Order extends FieldOrder = FieldOrder,
> {
  readonly grid: Grid;
  readonly unit: Unit;
  readonly order: Order;
  /** Three numbers for each voxel. */
  readonly values: Float32Array;
}

/** @throws {HypermorphError} E_SHAPE unless there are three numbers for each voxel. */
export function requireVectors({grid, values}: VectorField, where: string): void {
  const wanted = 3 * countVoxels(grid.shape);
  if (values.length !== wanted) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: a field on a grid of ${grid.shape.join(' x ')} voxels must hold ${wanted} numbers, got ${values.length}.`,
    );
  }
}

/** The same vectors in the order of tensors; the field itself if they are. */
export function inTensorOrder<Unit extends FieldUnit>(
  field: VectorField<Unit>,
): VectorField<Unit, 'tensor'> {
  if (isOrdered(field, 'tensor')) return field;
  const values = new Float32Array(field.values.length);
  forEachElement(field.grid, (tensor, disk) => (values[tensor] = field.values[disk]));
  return {...field, order: 'tensor', values};
}

function isOrdered<Unit extends FieldUnit, Order extends FieldOrder>(
  field: VectorField<Unit>,
  order: Order,
): field is VectorField<Unit, Order> {
  return field.order === order;
}

/** Each number's index in the order of tensors and in that of files. */
function forEachElement({shape}: Grid, use: (tensor: number, disk: number) => void): void {
  const [lengthI, lengthJ, lengthK] = shape;
  const voxels = countVoxels(shape);
  let tensor = 0;
  for (let i = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++) {
        const disk = i + lengthI * (j + lengthJ * k);
        for (let c = 0; c < 3; c++) use(tensor++, disk + c * voxels);
      }
    }
  }
}

/** One number per voxel, brought from the order of tensors to that of files; a new array. */
export function inDiskOrder(values: Float32Array, {shape}: Grid): Float32Array {
  const [lengthI, lengthJ, lengthK] = shape;
  const result = new Float32Array(values.length);
  let n = 0;
  for (let i = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++) result[i + lengthI * (j + lengthJ * k)] = values[n++];
    }
  }
  return result;
}

/** The same vectors in voxels of their grid; the field itself if they are. */
export function inVoxels(field: VectorField<FieldUnit, 'tensor'>): VectorField<'voxels', 'tensor'> {
  if (isInVoxels(field)) return field;
  const [a, b, c, d, e, f, g, h, i] = field.grid.affine.inverse().linear;
  const {values: mm} = field;
  const values = new Float32Array(mm.length);
  for (let n = 0; n < mm.length; n += 3) {
    values[n] = a * mm[n] + b * mm[n + 1] + c * mm[n + 2];
    values[n + 1] = d * mm[n] + e * mm[n + 1] + f * mm[n + 2];
    values[n + 2] = g * mm[n] + h * mm[n + 1] + i * mm[n + 2];
  }
  return {...field, unit: 'voxels', values};
}

function isInVoxels(
  field: VectorField<FieldUnit, 'tensor'>,
): field is VectorField<'voxels', 'tensor'> {
  return field.unit === 'voxels';
}

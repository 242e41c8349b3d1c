import {implement} from '../../../kernels/tensor-operation.js';
import {SELF_COMPOSE} from '../../../ops/integrate.js';
import {JACOBIAN} from '../../../ops/jacobian.js';
import {RESCALE} from '../../../ops/rescale.js';
import {SMOOTHNESS, type Penalty} from '../../../ops/smoothness.js';
import {WARP, type Interpolation} from '../../../ops/warp.js';
import type {NativeBackend} from '../backend.js';
import {planRescale} from './rescale-plan.js';
import {filled, gradientLike} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: n, A, B, D, C of the image, I, J, K of the field. `isLinear`: 1 or 0. `fill`: NaN to repeat the edge. */
    warp(
      sizes: Int32Array,
      isLinear: number,
      fill: number,
      image: Float32Array,
      displacement: Float32Array,
      y: Float32Array,
    ): void;
    warpImageGradient(
      sizes: Int32Array,
      isLinear: number,
      fill: number,
      displacement: Float32Array,
      dy: Float32Array,
      dimage: Float32Array,
    ): void;
    warpDisplacementGradient(
      sizes: Int32Array,
      isLinear: number,
      fill: number,
      image: Float32Array,
      displacement: Float32Array,
      dy: Float32Array,
      ddisplacement: Float32Array,
    ): void;
    /** `sizes`: n, I, J, K. */
    selfCompose(sizes: Int32Array, displacement: Float32Array, y: Float32Array): void;
    selfComposeGradient(
      sizes: Int32Array,
      displacement: Float32Array,
      dy: Float32Array,
      ddisplacement: Float32Array,
    ): void;
    jacobian(sizes: Int32Array, displacement: Float32Array, determinant: Float32Array): void;
    jacobianGradient(
      sizes: Int32Array,
      displacement: Float32Array,
      dy: Float32Array,
      ddisplacement: Float32Array,
    ): void;
    /** `sizes`: n, I, J, K, C of the field, I, J, K of the result; tables as in src/native/kernels/rescale.h. */
    rescale(
      sizes: Int32Array,
      factor: number,
      lower: Int32Array,
      fraction: Float32Array,
      begin: Int32Array,
      end: Int32Array,
      field: Float32Array,
      out: Float32Array,
    ): void;
    rescaleGradient(
      sizes: Int32Array,
      factor: number,
      lower: Int32Array,
      fraction: Float32Array,
      begin: Int32Array,
      end: Int32Array,
      dout: Float32Array,
      dfield: Float32Array,
    ): void;
    /** `sizes`: n, I, J, K, C. Three weights, one per axis. */
    smoothness(
      sizes: Int32Array,
      isSquared: number,
      weightI: number,
      weightJ: number,
      weightK: number,
      field: Float32Array,
      out: Float32Array,
    ): void;
    smoothnessGradient(
      sizes: Int32Array,
      isSquared: number,
      weightI: number,
      weightJ: number,
      weightK: number,
      field: Float32Array,
      dy: Float32Array,
      dfield: Float32Array,
    ): void;
  }
}

/** The first arguments of every warp of the addon. */
function warpArguments(
  image: readonly number[],
  displacement: readonly number[],
  {interpolation, fill}: {readonly interpolation: Interpolation; readonly fill: number | null},
): [sizes: Int32Array, isLinear: number, fill: number] {
  const sizes = Int32Array.of(...image, ...displacement.slice(1, 4));
  return [sizes, interpolation === 'linear' ? 1 : 0, fill ?? NaN];
}

const warp = implement(WARP, {
  run(native: NativeBackend, {image, displacement}, attributes) {
    const first = warpArguments(image.shape, displacement.shape, attributes);
    return filled(native, [...displacement.shape.slice(0, 4), image.shape[4]], (y) => {
      native.addon.warp(...first, native.floats(image), native.floats(displacement), y);
    });
  },
  gradient(native, dy, {image, displacement}, attributes) {
    const first = warpArguments(image.shape, displacement.shape, attributes);
    return {
      image: gradientLike(native, image.shape, (out) => {
        const [u, g] = [native.floats(displacement), native.floats(dy)];
        native.addon.warpImageGradient(...first, u, g, out);
      }),
      displacement: gradientLike(native, displacement.shape, (out) => {
        const [x, u, g] = [native.floats(image), native.floats(displacement), native.floats(dy)];
        native.addon.warpDisplacementGradient(...first, x, u, g, out);
      }),
    };
  },
});

/** N, I, J, K. */
function fieldSizes({shape}: {readonly shape: readonly number[]}): Int32Array {
  return Int32Array.from(shape.slice(0, 4));
}

const selfCompose = implement(SELF_COMPOSE, {
  run: (native: NativeBackend, {displacement}) =>
    filled(native, displacement.shape, (y) => {
      native.addon.selfCompose(fieldSizes(displacement), native.floats(displacement), y);
    }),
  gradient: (native, dy, {displacement}) => ({
    displacement: gradientLike(native, displacement.shape, (out) => {
      const [u, g] = [native.floats(displacement), native.floats(dy)];
      native.addon.selfComposeGradient(fieldSizes(displacement), u, g, out);
    }),
  }),
});

const jacobian = implement(JACOBIAN, {
  run: (native: NativeBackend, {displacement}) =>
    filled(native, displacement.shape.slice(0, 4), (y) => {
      native.addon.jacobian(fieldSizes(displacement), native.floats(displacement), y);
    }),
  gradient: (native, dy, {displacement}) => ({
    displacement: gradientLike(native, displacement.shape, (out) => {
      const [u, g] = [native.floats(displacement), native.floats(dy)];
      native.addon.jacobianGradient(fieldSizes(displacement), u, g, out);
    }),
  }),
});

const rescale = implement(RESCALE, {
  run(native: NativeBackend, {field}, {factor, size}) {
    const {sizes, lower, fraction, begin, end} = planRescale(field.shape, size);
    return filled(native, [field.shape[0], ...size, field.shape[4]], (y) => {
      const x = native.floats(field);
      native.addon.rescale(sizes, factor, lower, fraction, begin, end, x, y);
    });
  },
  gradient: (native, dy, {field}, {factor, size}) => ({
    field: gradientLike(native, field.shape, (out) => {
      const {sizes, lower, fraction, begin, end} = planRescale(field.shape, size);
      const g = native.floats(dy);
      native.addon.rescaleGradient(sizes, factor, lower, fraction, begin, end, g, out);
    }),
  }),
});

/** The first arguments of both smoothness functions of the addon. */
function smoothnessArguments(
  field: readonly number[],
  {penalty, axes}: {readonly penalty: Penalty; readonly axes: 2 | 3},
): [sizes: Int32Array, isSquared: number, ...weights: [number, number, number]] {
  const [n, i, j, k, channels] = field;
  // A plane is handed over as [1, I, J]: rows along the last axis are long.
  const size = axes === 3 ? [i, j, k] : [1, i, j];
  const voxels = i * j * k * channels;
  // Mean over the differences along an axis, then over the axes that count.
  const [weightI, weightJ, weightK] = size.map((length, axis) =>
    axes === 2 && axis === 0 ? 0 : 1 / (axes * ((voxels / length) * (length - 1))),
  );
  const sizes = Int32Array.of(n, ...size, channels);
  return [sizes, penalty === 'l2' ? 1 : 0, weightI, weightJ, weightK];
}

const smoothness = implement(SMOOTHNESS, {
  run: (native: NativeBackend, {field}, attributes) =>
    filled(native, [field.shape[0]], (out) => {
      const first = smoothnessArguments(field.shape, attributes);
      native.addon.smoothness(...first, native.floats(field), out);
    }),
  gradient: (native, dy, {field}, attributes) => ({
    field: gradientLike(native, field.shape, (out) => {
      const first = smoothnessArguments(field.shape, attributes);
      native.addon.smoothnessGradient(...first, native.floats(field), native.floats(dy), out);
    }),
  }),
});

/** Operations on displacements and velocities. */
export const FIELD_KERNELS = [warp, selfCompose, jacobian, rescale, smoothness];

import {INTEGRATE_NOISE, LABEL_HIGHEST, SPLINE_NOISE} from '../../../kernels/noise.js';
import {ADJUST, BIAS_SPACING, BLUR, RENDER_LABELS} from '../../../kernels/synthesis.js';
import {FIELD_SPACING, TRANSFORM_IMAGE} from '../../../kernels/transform-image.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {NativeAddon} from '../addon.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: points of the lattice, I, J, K. */
    splineNoise(sizes: Int32Array, spacing: number, lattice: Float32Array, out: Float32Array): void;
    /** Changes `highest` and `map`. */
    labelHighest(label: number, noise: Float32Array, highest: Float32Array, map: Uint16Array): void;
    /** field[n, axis] = factor noise[axis][n]. */
    interleave(
      factor: number,
      field: Float32Array,
      noiseI: Float32Array | null,
      noiseJ: Float32Array | null,
      noiseK: Float32Array | null,
    ): void;
    /** `sizes`: I, J, K of the image and of the field, voxels between its points. Floats if linear, else Uint16Array. */
    transformImage(
      sizes: Int32Array,
      isLinear: number,
      hasEdge: number,
      outside: number,
      affine: Float64Array,
      field: Float32Array | null,
      image: Float32Array | Uint16Array,
      out: Float32Array | Uint16Array,
    ): void;
    renderLabels(
      labels: Uint16Array,
      contrast: Float32Array,
      background: Uint16Array | null,
      backgroundContrast: Float32Array | null,
      out: Float32Array,
    ): void;
    /** `sizes`: I, J, K. Weights of distances 0, 1 and so on. Changes `image`. */
    blur(sizes: Int32Array, weights: Float32Array, image: Float32Array): void;
    /**
     * `sizes`: I, J, K, voxels between the points of the bias. `numbers`: deviation of the bias, power, deviation of the noise.
     * `walk`: position, stride. Changes `image`.
     */
    adjust(
      sizes: Int32Array,
      numbers: Float32Array,
      bias: Float32Array | null,
      noise: Float32Array | null,
      walk: Int32Array,
      image: Float32Array,
    ): void;
  }
}

const splineNoise = implementLoop(SPLINE_NOISE, (addon: NativeAddon, lattice, shape, scaleVox) => {
  const result = new Float32Array(shape[0] * shape[1] * shape[2]);
  addon.splineNoise(Int32Array.of(...lattice.shape, ...shape), scaleVox, lattice.data, result);
  return result;
});

const labelHighest = implementLoop(
  LABEL_HIGHEST,
  (addon: NativeAddon, noise, highest, label, map) => {
    addon.labelHighest(label, noise, highest, map);
  },
);

const integrateNoise = implementLoop(
  INTEGRATE_NOISE,
  (addon: NativeAddon, [noiseI, noiseJ, noiseK], shape, {factor, steps, spacing}) => {
    const sizes = Int32Array.of(1, ...shape);
    let field = new Float32Array(3 * shape[0] * shape[1] * shape[2]);
    let next = new Float32Array(field.length);
    addon.interleave(factor, field, noiseI, noiseJ, noiseK);
    for (let step = 0; step < steps; step++) {
      addon.selfCompose(sizes, field, next);
      [field, next] = [next, field];
    }
    addon.linear(spacing, 0, field, field);
    return field;
  },
);

const transformImage = implementLoop(
  TRANSFORM_IMAGE,
  (addon: NativeAddon, image, shape, transform, {interpolation, outside}) => {
    const {affine, field, fieldShape} = transform;
    const result =
      image instanceof Float32Array
        ? new Float32Array(image.length)
        : new Uint16Array(image.length);
    addon.transformImage(
      Int32Array.of(...shape, ...fieldShape, FIELD_SPACING),
      interpolation === 'linear' ? 1 : 0,
      outside === 'edge' ? 1 : 0,
      outside === 'edge' ? 0 : outside,
      Float64Array.from(affine.rows),
      field,
      image,
      result,
    );
    return result;
  },
);

const renderLabels = implementLoop(
  RENDER_LABELS,
  (addon: NativeAddon, labels, contrast, background) => {
    const image = new Float32Array(labels.length);
    addon.renderLabels(
      labels,
      contrast,
      background?.labels ?? null,
      background?.contrast ?? null,
      image,
    );
    return image;
  },
);

const blur = implementLoop(BLUR, (addon: NativeAddon, image, shape, weights) => {
  addon.blur(Int32Array.from(shape), Float32Array.from(weights), image);
});

const adjust = implementLoop(ADJUST, (addon: NativeAddon, image, shape, {bias, power, noise}) => {
  addon.adjust(
    Int32Array.of(...shape, BIAS_SPACING),
    Float32Array.of(bias?.deviation ?? 0, power, noise?.deviation ?? 0),
    bias?.data ?? null,
    noise?.table ?? null,
    Int32Array.of(noise?.position ?? 0, noise?.stride ?? 0),
    image,
  );
});

/** What training images are made and changed with. */
export const SYNTHESIS_KERNELS = [
  splineNoise,
  labelHighest,
  integrateNoise,
  transformImage,
  renderLabels,
  blur,
  adjust,
];

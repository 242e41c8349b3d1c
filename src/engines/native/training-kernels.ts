import type {TrainingKernels} from '../../training/training-kernels.js';
import type {NativeAddon} from './addon.js';

/** The addon's loops over voxels for training. */
export function createNativeTrainingKernels(addon: NativeAddon): TrainingKernels {
  return {
    splineNoise(lattice, shape, scaleVox) {
      const result = new Float32Array(shape[0] * shape[1] * shape[2]);
      addon.splineNoise(Int32Array.of(...lattice.shape, ...shape), scaleVox, lattice.data, result);
      return result;
    },
    keepHighest(noise, highest, label, map) {
      addon.keepHighest(label, noise, highest, map);
    },
    integrateNoise([noiseI, noiseJ, noiseK], shape, {factor, steps, spacing}) {
      const sizes = Int32Array.of(1, ...shape);
      let field = new Float32Array(3 * shape[0] * shape[1] * shape[2]);
      let next = new Float32Array(field.length);
      addon.weave(factor, field, noiseI, noiseJ, noiseK);
      for (let step = 0; step < steps; step++) {
        addon.selfCompose(sizes, field, next);
        [field, next] = [next, field];
      }
      addon.linear(spacing, 0, field, field);
      return field;
    },
    sampleImage(image, shape, {affine, field, fieldShape}, {interpolation, outside}) {
      const Type = image.constructor as new (length: number) => typeof image;
      const result = new Type(image.length);
      addon.augmentSample(
        Int32Array.of(...shape, ...fieldShape),
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
    paint(labels, contrast, around) {
      const image = new Float32Array(labels.length);
      addon.paint(labels, contrast, around?.labels ?? null, around?.contrast ?? null, image);
      return image;
    },
    blur(image, shape, weights) {
      addon.blur(Int32Array.from(shape), Float32Array.from(weights), image);
    },
    adjust(image, shape, {bias, power, noise}) {
      addon.adjust(
        Int32Array.from(shape),
        Float32Array.of(bias?.deviation ?? 0, power, noise?.deviation ?? 0),
        bias?.data ?? null,
        noise?.table ?? null,
        Int32Array.of(noise?.position ?? 0, noise?.stride ?? 0),
        image,
      );
    },
  };
}

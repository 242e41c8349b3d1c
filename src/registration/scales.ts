import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {Voxels} from '../kernels/voxels.js';
import {measureIntensity, type IntensityScale, type Normalisation} from '../volume/intensity.js';
import type {Volume} from '../volume/volume.js';

/** How the intensities of both images of a pair become numbers. */
export interface Scales {
  readonly fixed: IntensityScale;
  readonly moving: IntensityScale;
}

type Side = keyof Scales;

interface ScaledImage extends Volume {
  readonly name: string;
}

/** Measure how the images of a pair are normalised, each by the voxels that its mask lets count. */
export function measureScales(
  images: Readonly<Record<Side, ScaledImage>>,
  options: {
    readonly normalisation: Normalisation;
    readonly background?: Readonly<Partial<Record<Side, number | undefined>>> | undefined;
    readonly masks?: Readonly<Partial<Record<Side, Volume | undefined>>> | undefined;
    readonly engine: KernelRunner;
  },
): Scales {
  const measure = (name: Side) =>
    measureWithin(images[name], options.masks?.[name], {
      ...options,
      background: options.background?.[name],
    });
  return {fixed: measure('fixed'), moving: measure('moving')};
}

/** How an image's intensities are normalised by those that its mask lets count; around it lies what surrounds the whole image. */
function measureWithin(
  image: ScaledImage,
  mask: Volume | undefined,
  options: {
    readonly normalisation: Normalisation;
    readonly background?: number | undefined;
    readonly engine: KernelRunner;
  },
): IntensityScale {
  const {normalisation, background, engine} = options;
  const named = {where: image.name, background};
  const whole = measureIntensity(image, normalisation, engine, named);
  if (mask === undefined || normalisation.kind === 'none') return whole;
  const data = Float32Array.from(image.data).filter((_, n) => mask.data[n] !== 0);
  const counted: Voxels = {data, shape: [data.length, 1, 1]};
  const {low, high, clips} = measureIntensity(counted, normalisation, engine, named);
  return {...whole, ...{low, high, clips}, outside: Math.max(whole.background, low)};
}

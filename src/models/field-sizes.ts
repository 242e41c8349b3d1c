import type {Architecture} from './architecture.js';

/** Voxels per axis of the fields that a network makes. */
export interface FieldSizes {
  /** Of the velocity that is integrated. */
  readonly integration: readonly number[];
  /** Of the displacement; the network works where this is the size of the image. */
  readonly displacement: readonly number[];
}

/**
 * Follow the size of a network's field from the U-Net to the displacement, as `RegistrationNetwork` computes it.
 *
 * @param size - Of the images, multiples of `sizeMultiple(architecture)`.
 */
export function fieldSizes(
  architecture: Pick<
    Architecture,
    'inputResolution' | 'velocityResolution' | 'integrationResolution' | 'integrationSteps'
  >,
  size: readonly number[],
): FieldSizes {
  const {inputResolution, velocityResolution} = architecture;
  const {integrationResolution, integrationSteps} = architecture;
  const halvings = Math.floor(Math.log2(velocityResolution / inputResolution));
  const features = size.map((length) => length / inputResolution / 2 ** halvings);
  const velocity = rescale(features, roundHalfToEven(size[0] / velocityResolution) / features[0]);
  if (integrationSteps === 0 || integrationResolution === 1) {
    return {integration: velocity, displacement: velocity};
  }
  const length = roundHalfToEven(size[0] / integrationResolution);
  const integration = rescale(velocity, length / velocity[0]);
  return {integration, displacement: rescale(integration, size[0] / integration[0])};
}

/** As `rescaleField`. */
function rescale(size: readonly number[], factor: number): readonly number[] {
  return factor === 1 ? size : size.map((length) => Math.floor(length * factor));
}

/** To the nearest integer, halves to the even one. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

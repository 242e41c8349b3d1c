// The library for browsers: images and models come as bytes, everything runs on the JavaScript engine. No file of this entry needs
// Node.js once the "browser" entry of package.json has put platform.browser.ts and files.browser.ts in the others' places.

export {HypermorphError, type ErrorCode, type ErrorOptions} from './errors.js';
export {VERSION} from './version.js';

export type {NamedBytes, Source} from './formats/source.js';
export {gzipBytes} from './formats/gzip.js';
export {readImage, readField} from './formats/images/read-image.js';
export {describeImage} from './formats/images/describe-image.js';
export {encodeNifti} from './formats/images/nifti/encode.js';
export {geometryFromGrid} from './formats/images/nifti/geometry.js';
export type {
  FileDescription,
  FileField,
  NiftiGeometry,
  FileImage,
  ImageOutput,
  ReadImageOptions,
} from './formats/images/types.js';

export {Affine} from './geometry/affine.js';
export type {Grid} from './geometry/grid.js';
export {conformImage, networkGridFor, type NetworkGrid} from './volume/conform.js';
export {measureIntensity, normaliseInPlace, type IntensityScale} from './volume/intensity.js';
export type {Volume} from './volume/volume.js';
export {PORTABLE} from './kernels/voxel-operation.js';

export {
  displacementOn,
  mapPoints,
  measureDisplacement,
  sample,
  type SampleOptions,
} from './transforms/apply.js';
export {exponential, inverse, type Inverse} from './transforms/inverse.js';
export {jacobianOn} from './transforms/jacobian.js';
export {
  affineTransform,
  compose,
  displacementTransform,
  type Transform,
} from './transforms/transform.js';
export type {VectorField} from './transforms/vector-field.js';
export {decodeItkWarp, encodeItkWarp, ITK_VECTORS} from './formats/transforms/itk.js';
export {readTransform, type ReadTransform} from './formats/transforms/read-transform.js';

export {decodeModel, encodeModel, type Model} from './models/model-file.js';
export {gridSpecOf} from './models/network-grid.js';
export {RegistrationNetwork} from './models/registration-network.js';

export {startJavascript} from './engines/javascript.js';

export {
  registerPair,
  type RegisterPairOptions,
  type Registration,
} from './registration/register-pair.js';
export type {ProgressEvent} from './progress.js';

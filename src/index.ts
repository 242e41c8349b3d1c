export {HypermorphError, type ErrorCode, type ErrorDetails, type ErrorOptions} from './errors.js';
export {VERSION} from './version.js';

export {Affine, type AffineParameters, type LinearRows, type Rows} from './geometry/affine.js';
export {isSameGrid, type Grid} from './geometry/grid.js';
export type {Triple} from './geometry/triple.js';
export type {Volume} from './volume/volume.js';
export {kindOfPair, type KindOfData} from './volume/kind-of-data.js';
export type {VoxelArray} from './kernels/voxels.js';
export {
  conformImage,
  networkGridFor,
  type NetworkGrid,
  type NetworkGridSpec,
} from './volume/conform.js';
export {
  measureIntensity,
  normaliseInPlace,
  type IntensityScale,
  type Normalisation,
} from './volume/intensity.js';
export {PORTABLE, type KernelRunner, type VoxelOperation} from './kernels/voxel-operation.js';

export {
  displacementOn,
  mapPoints,
  measureDisplacement,
  sample,
  type DisplacementMeasure,
  type ImageInterpolation,
  type SampleOptions,
} from './transforms/apply.js';
export {exponential, inverse, type Inverse, type InverseOptions} from './transforms/inverse.js';
export {jacobianOn} from './transforms/jacobian.js';
export {
  affineTransform,
  compose,
  displacementTransform,
  splineTransform,
  type AffineTransform,
  type ChainTransform,
  type DisplacementTransform,
  type SplineTransform,
  type StationaryVelocity,
  type Transform,
} from './transforms/transform.js';
export type {FieldOrder, FieldUnit, VectorField} from './transforms/vector-field.js';

export type {Bytes} from './formats/bytes.js';
export type {NamedBytes, Source} from './formats/source.js';
export {readImage, readField} from './formats/images/read-image.js';
export {CONVENTIONS, type ConventionName} from './formats/transforms/conventions.js';
export {
  readTransform,
  type ReadTransform,
  type ReadTransformOptions,
} from './formats/transforms/read-transform.js';
export {
  encodeTransform,
  type EncodeTransformOptions,
} from './formats/transforms/write-transform.js';
export type {TransformInput} from './workflows/transform-chain.js';
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
export {writeImage} from './formats/images/write-image.js';

export {decodeItkWarp, encodeItkWarp, ITK_VECTORS} from './formats/transforms/itk.js';

export {architectureSchema, sizeMultiple, type Architecture} from './models/architecture.js';
export {
  chooseHyperparameters,
  nameHyperparameters,
  recommendedOn,
  type HyperparameterSpec,
  type NamedHyperparameters,
} from './models/hyperparameters.js';
export {isMadeFor} from './models/field-of-view.js';
export {compactModel} from './models/compact.js';
export {importKerasModel, type KerasImportOptions} from './models/keras-import.js';
export type {ModelDescription, ModelDraft} from './models/model-description.js';
export {
  decodeModel,
  encodeModel,
  readModel,
  writeModel,
  type Model,
  type ModelWeights,
} from './models/model-file.js';
export {gridSpecOf} from './models/network-grid.js';
export {openModel, type OpenModel} from './models/open-model.js';
export {
  RegistrationNetwork,
  type NetworkInputs,
  type Prediction,
} from './models/registration-network.js';

export {jacobianDeterminant} from './ops/jacobian.js';
export {integrateVelocity} from './ops/integrate.js';
export {rescaleField} from './ops/rescale.js';
export {warpTensor, type WarpOptions} from './ops/warp.js';

export {startEngine, type Engine} from './engines/select.js';

export type {AlignmentKind, AlignmentSummary} from './registration/align/align-pair.js';
export {OUTPUTS, type OutputKey} from './registration/outputs.js';
export {
  registerPair,
  type NamedVolume,
  type RegisterPairOptions,
  type Registration,
  type RegistrationModel,
  type RegistrationSummary,
} from './registration/register-pair.js';
export type {StageRecord} from './registration/stages.js';

export type {OnProgress, ProgressEvent, Stage} from './progress.js';
export {
  applyFiles,
  type Applied,
  type AppliedFile,
  type ApplyFilesSettings,
} from './workflows/apply-files.js';
export {
  planBatch,
  registerBatch,
  type BatchCallbacks,
  type BatchPair,
  type BatchSettings,
  type BatchSummary,
  type PairResult,
} from './workflows/batch-files.js';
export {
  convertTransforms,
  type ConvertedTransform,
  type ConvertTransformsSettings,
} from './workflows/convert-transforms.js';
export {
  describeFile,
  type ImageDescription,
  type ModelFileDescription,
} from './workflows/describe-file.js';
export {
  evaluateFiles,
  type EvaluateFilesOptions,
  type Evaluation,
} from './workflows/evaluate-files.js';
export {
  importModel,
  type ImportedModel,
  type ImportModelSettings,
} from './workflows/import-model.js';
export {
  jacobianFiles,
  type JacobianFile,
  type JacobianFilesSettings,
} from './workflows/jacobian-files.js';
export {
  planRegistration,
  registerFiles,
  type RegisterFilesSettings,
  type RegistrationPlan,
  type WorkflowCallbacks,
} from './workflows/register-files.js';
export type {Report} from './workflows/report.js';
export {
  planTraining,
  trainFiles,
  type TrainFilesSettings,
  type TrainingPlan,
} from './workflows/train-files.js';

export {
  HyperConv2DFromDense,
  HyperConv3DFromDense,
  type HyperConvOptions,
} from './layers/hyper-conv-from-dense.js';
export {HyperDenseFromDense, type HyperDenseOptions} from './layers/hyper-dense-from-dense.js';
export {
  RescaleTransform,
  SpatialTransformer,
  VecInt,
  type RescaleTransformOptions,
  type SpatialTransformerOptions,
  type VecIntOptions,
} from './layers/transform-layers.js';
export {diceLoss} from './losses/dice.js';
export {klLoss} from './losses/kl.js';
export {mutualInformationLoss, type MutualInformationOptions} from './losses/mutual-information.js';
export {lnccLoss, mseLoss, tukeyLoss, type SimilarityLoss} from './losses/similarity.js';

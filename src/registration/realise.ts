import {FILL_MISSING} from '../kernels/intensities.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {Outside, VoxelArray} from '../kernels/voxels.js';
import type {JacobianMeasure} from '../evaluation/deformation.js';
import {
  measureDisplacement,
  sample,
  type DisplacementMeasure,
  type ImageInterpolation,
} from '../transforms/apply.js';
import {affineTransform, type Transform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
import {integrationOf} from './deform.js';
import {forwardTransform, isOneGrid} from './geometry.js';
import {measureJacobian, measureSimilarity, type SimilarityChange} from './measures.js';
import {OUTPUTS, type OutputKey, type OutputSources, type PerOutput} from './outputs.js';
import type {PreparedPair} from './prepare.js';
import type {StageLog} from './stages.js';
import {integrateBackwards, velocityOnNetworkGrid, type Deformation} from './velocity.js';

/** How well a deformation lays the moving image onto the fixed one, and what it does to space. */
export interface Measures {
  readonly displacement: DisplacementMeasure;
  readonly similarity: SimilarityChange;
  readonly jacobian: JacobianMeasure;
}

/** What a deformation makes of the files of a pair; disk order. */
export interface Realisation {
  /** Fixed -> moving. */
  readonly transform: Transform;
  /** On the fixed grid. */
  readonly moved: Float32Array;
  /** In the order of the label maps given, each in its own element type, on the fixed grid. */
  readonly labels: readonly VoxelArray[];
  /** Those that were asked for. */
  readonly outputs: PerOutput<Float32Array>;
  readonly measures: Measures;
}

/**
 * Sample the original moving image and its label maps, each once, measure, and make the outputs that are asked for.
 *
 * @param wanted.interpolation - Of the moving image, before and after.
 * @param wanted.labels - Label maps in the moving image's world, warped with the nearest voxel.
 */
export async function realise(
  pair: PreparedPair,
  deformation: Deformation,
  wanted: {
    readonly labels: readonly Volume[];
    readonly outputs: readonly OutputKey[];
    readonly interpolation: ImageInterpolation;
  },
  {engine, stages}: {readonly engine: KernelRunner; readonly stages: StageLog},
): Promise<Realisation> {
  const {fixed, geometry} = pair;
  const transform = forwardTransform(geometry, deformation.displacement);
  const {images, labels} = await stages.run('sample', () => ({
    images: sampleMoving(pair, transform, {interpolation: wanted.interpolation, engine}),
    labels: wanted.labels.map(
      (label) => sample(label, transform, fixed, {interpolation: 'nearest', engine}).data,
    ),
  }));
  const {moved, measures} = await stages.run('measure', () => ({
    measures: {
      displacement: measureDisplacement(transform, fixed, {affine: geometry.alignment, engine}),
      similarity: measureSimilarity({fixed: fixed.data, ...images}, pair.scales, engine),
      jacobian: measureJacobian(deformation.jacobian, geometry, engine),
    },
    moved: fillOutside(images.after, pair, engine),
  }));
  const {velocity, jacobian} = deformation;
  const integration = integrationOf(pair, engine);
  const outputs = await stages.run('place', () =>
    makeOutputs(wanted.outputs, {
      ...{geometry, jacobian, moved, transform, engine},
      inverseDisplacement: () => integrateBackwards(velocity, integration),
      velocity: () => velocityOnNetworkGrid(velocity, integration),
    }),
  );
  return {transform, moved, labels, outputs, measures};
}

/** The moving image on the fixed grid without and with the deformation; NaN marks what lies outside it. */
function sampleMoving(
  {fixed, moving, geometry, model}: PreparedPair,
  transform: Transform,
  options: {readonly interpolation: ImageInterpolation; readonly engine: KernelRunner},
): {readonly before: Float32Array; readonly after: Float32Array} {
  // As the original does where all grids are one: beyond the image its edge continues, unless the model says otherwise.
  const repeatsEdge = isOneGrid(geometry) && model.network?.architecture.fill === null;
  const outside: Outside = repeatsEdge ? 'edge' : NaN;
  const through = (map: Transform) =>
    sample(moving, map, fixed, {...options, outside}).data as Float32Array;
  return {before: through(affineTransform(geometry.alignment)), after: through(transform)};
}

/** The moved image once it has been measured: its memory, with the background where NaN marks what lies outside. */
function fillOutside(
  sampled: Float32Array,
  {scales}: PreparedPair,
  engine: KernelRunner,
): Float32Array {
  engine.run(FILL_MISSING, sampled, scales.moving.background);
  return sampled;
}

async function makeOutputs(
  wanted: readonly OutputKey[],
  sources: OutputSources,
): Promise<PerOutput<Float32Array>> {
  const made: Partial<Record<OutputKey, Float32Array>> = {};
  for (const {key, make} of OUTPUTS) if (wanted.includes(key)) made[key] = await make(sources);
  return made;
}

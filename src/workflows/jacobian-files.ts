import {HypermorphError} from '../errors.js';
import type {EngineName} from '../engines/engine.js';
import {startEngine} from '../engines/select.js';
import {
  jacobianMeasureOf,
  SMALLEST_DETERMINANT,
  type JacobianMeasure,
} from '../evaluation/deformation.js';
import {requireWritable} from '../formats/files.js';
import {geometryFromGrid} from '../formats/images/nifti/geometry.js';
import type {PlacedGrid} from '../formats/images/types.js';
import {requireImageName, writeImage} from '../formats/images/write-image.js';
import type {Grid} from '../geometry/grid.js';
import {MEASURE_DETERMINANTS} from '../kernels/measures.js';
import {jacobianOn} from '../transforms/jacobian.js';
import {partsOf, type Transform} from '../transforms/transform.js';
import {VERSION} from '../version.js';
import {requireSeparateFiles} from './output-paths.js';
import type {WorkflowCallbacks} from './register-files.js';
import {
  fieldGridOf,
  readChain,
  readGrid,
  type TransformInput,
  type Warn,
} from './transform-chain.js';
import {WarningLog} from './warnings.js';

export interface JacobianFilesSettings {
  /** T(x) = A(B(x)) for A, B: the last one acts first. At least one. */
  readonly transforms: readonly TransformInput[];
  /** The image to write. */
  readonly target: string;
  /** The image on whose grid it lies, of which the header is read alone; the grid of the only field unless told. */
  readonly reference?: string | undefined;
  /** ln(max(J, 1e-9)) in the place of J. */
  readonly logarithm?: boolean | undefined;
  /** Leave the volume change of the affine maps out, which is the same everywhere. */
  readonly withoutAffine?: boolean | undefined;
  readonly engine?: 'auto' | EngineName | undefined;
}

/** What was written, and what it says. */
export interface JacobianFile extends JacobianMeasure {
  readonly target: string;
  readonly voxels: number;
  readonly warnings: readonly string[];
}

/**
 * Write the local change of volume of a transform: the determinant of its derivative, or its logarithm.
 *
 * Above 1 the structure is larger in the moving image, 0 or less is a fold. 1 where a field says that it knows no displacement.
 *
 * @throws {HypermorphError} E_USAGE about names of files, or if no grid is given; else as the readers.
 *
 * @example
 * import {jacobianFiles} from 'hypermorph';
 * const {minimum, maximum, folds} = await jacobianFiles({
 *   transforms: [{path: 'warp.nii.gz'}],
 *   target: 'jacobian.nii.gz',
 *   engine: 'javascript',
 * });
 * [minimum, maximum, folds]; // [1, 1, 0]
 */
export async function jacobianFiles(
  settings: JacobianFilesSettings,
  {onProgress}: Pick<WorkflowCallbacks, 'onProgress'> = {},
): Promise<JacobianFile> {
  const {transforms, target, reference, logarithm = false, withoutAffine = false} = settings;
  requireImageName(target);
  const inputs = [...transforms.map(({path}) => path), ...(reference ? [reference] : [])];
  await requireSeparateFiles(inputs, [target], 'jacobian');
  await requireWritable(target);
  const log = new WarningLog(onProgress);
  const warn: Warn = (...texts) => log.add(texts);
  const engine = await startEngine({engine: settings.engine ?? 'auto'});
  warn(...engine.warnings);
  const given = reference === undefined ? undefined : await readGrid(reference, warn);
  const transform = await readChain(transforms, {fixed: given}, warn);
  const grid: (Grid & Partial<PlacedGrid>) | undefined = given ?? fieldGridOf(transform);
  if (grid === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      'jacobian: `reference` must be given, the image on whose grid the result lies.',
    );
  }
  const determinants = jacobianOn(transform, grid, engine);
  const factor = withoutAffine ? 1 / affineDeterminant(transform) : 1;
  for (let n = 0; n < determinants.length; n++) {
    const value = determinants[n] * factor;
    determinants[n] = Number.isFinite(value) ? value : 1;
  }
  const found = engine.run(
    MEASURE_DETERMINANTS,
    determinants,
    grid.shape,
    null,
    SMALLEST_DETERMINANT,
  );
  const data = logarithm
    ? determinants.map((value) => Math.log(Math.max(value, SMALLEST_DETERMINANT)))
    : determinants;
  await writeImage(target, {
    ...{
      shape: grid.shape,
      data,
      geometry: grid.geometry ?? geometryFromGrid(grid),
    },
    description: `hypermorph ${VERSION} jacobian ${logarithm ? 'log ' : ''}det fixed->moving${withoutAffine ? ' without affine' : ''}`,
  });
  return {target, voxels: data.length, ...jacobianMeasureOf(found), warnings: log.texts};
}

/** The volume change of the affine maps of a chain. */
function affineDeterminant(transform: Transform): number {
  return partsOf(transform).reduce(
    (product, part) => product * (part.kind === 'affine' ? part.affine.determinant : 1),
    1,
  );
}

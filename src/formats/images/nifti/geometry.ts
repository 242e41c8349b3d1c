import {HypermorphError} from '../../../errors.js';
import type {NiftiFields} from './fields.js';
import type {NiftiGeometry, Placement} from '../types.js';
import {Affine} from '../../../geometry/affine.js';
import {largestDistance, type Grid} from '../../../geometry/grid.js';
import {rotationFromQuaternion, toRigidPlacement} from '../../../geometry/rotations.js';
import type {Triple} from '../../../geometry/triple.js';

/** Where qform and sform place a corner further apart than this, programs will disagree about the file. */
const DISAGREEMENT_MM = 0.1;
/** ITK's tolerance for axes that are not at right angles. */
const SHEAR = 1e-4;
/** Voxel sizes that differ by a larger share are two sizes; header fields are float32, and some are rounded to three places. */
const SPACING_TOLERANCE = 5e-3;
/** A quaternion this much longer than 1 is not just rounded. */
const LONG_QUATERNION = 1e-3;
/** The newest code of the standard: 5, other template. */
const LAST_KNOWN_CODE = 5;

const UNITS: readonly NiftiGeometry['unit'][] = ['unknown', 'metre', 'mm', 'micron'];
const MM_PER_UNIT = {unknown: 1, mm: 1, metre: 1000, micron: 0.001};

/**
 * Decide where the voxels lie: sform if its code is set, else qform, else an assumption (LAS, centred, as nibabel has it).
 *
 * @param request - 'sform' or 'qform' insists on one of the two.
 * @throws {HypermorphError} E_NIFTI if the header gives no usable placement; like the warnings without the name of the file.
 */
export function choosePlacement(
  fields: NiftiFields,
  shape: Triple,
  request: 'auto' | 'sform' | 'qform' = 'auto',
): Placement {
  const unit = UNITS[fields.units & 7] ?? 'unknown';
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  warnAboutUnits(fields, unit, warn);
  const repaired = repairSpacing(fields.pixdim);
  const forms = {
    sform: fields.sformCode > 0 ? toMm(Affine.fromMatrix(fields.sform), unit) : null,
    qform: fields.qformCode > 0 ? toMm(qformMatrix(fields, repaired), unit) : null,
  };
  warnAboutCodes(fields, warn);

  const source = chooseForm(forms, request, warn);
  if (source === 'assumed') {
    warn(
      'the header does not say which side is left (qform_code and sform_code are 0); assumed to be stored left-anterior-superior, centred.',
    );
  }
  const assumed = toMm(centredLas(repaired, shape), unit);
  const affine = (source === 'assumed' ? undefined : forms[source]) ?? assumed;
  requireUsable(affine, fields.pixdim);
  const usesSpacing = source !== 'sform';
  const spacingRepaired = repaired.some((value, axis) => value !== fields.pixdim[axis + 1]);
  if (usesSpacing && spacingRepaired) {
    warn(
      `the spacing in the header (pixdim) must be positive, got ${fields.pixdim.slice(1, 4).join(' x ')}; read as ${repaired.join(' x ')}.`,
    );
  }
  if (source === 'qform' && quaternionExcess(fields) > LONG_QUATERNION) {
    warn('the rotation in the qform is not normalised; it was scaled to a rotation.');
  }
  const otherUnusable = Object.values(forms).some((form) => form !== null && !form.isUsable);
  const contradicted = source === 'sform' && warnAboutSpacing(repaired, affine, unit, warn);
  const untrusted =
    otherUnusable ||
    contradicted ||
    request !== 'auto' ||
    spacingRepaired ||
    (fields.qformCode > 0 && quaternionExcess(fields) > LONG_QUATERNION);
  warnAboutOtherPrograms({source, forms, request}, {shape, affine}, warn);
  const own = ownGeometry(fields, unit);
  return {affine, source, geometry: untrusted ? soundGeometry(own, affine, source) : own, warnings};
}

type Warn = (text: string) => void;
type Forms = Readonly<Record<'sform' | 'qform', Affine | null>>;

function chooseForm(
  forms: Forms,
  request: 'auto' | 'sform' | 'qform',
  warn: Warn,
): 'sform' | 'qform' | 'assumed' {
  if (request !== 'auto') {
    if (forms[request] === null) {
      throw new HypermorphError(
        'E_NIFTI',
        `the ${request} was asked for, but the file has none (${request}_code must be 1 to 5, got 0).`,
      );
    }
    return request;
  }
  if (forms.sform === null) {
    return forms.qform === null ? 'assumed' : 'qform';
  }
  if (!forms.sform.isUsable) {
    if (forms.qform === null) {
      throw new HypermorphError(
        'E_NIFTI',
        `the orientation matrix (sform) must be invertible and finite, got ${shownMatrix(forms.sform)}; there is no qform to use instead.`,
      );
    }
    warn('the orientation matrix (sform) is not usable; the qform is used instead.');
    return 'qform';
  }
  return 'sform';
}

function requireUsable(affine: Affine, pixdim: readonly number[]): void {
  if (!affine.isUsable) {
    throw new HypermorphError(
      'E_NIFTI',
      `the position and spacing in the header must be finite and the axes distinct, got spacing ${pixdim.slice(1, 4).join(' x ')} and the matrix ${shownMatrix(affine)}.`,
    );
  }
}

function warnAboutUnits(fields: NiftiFields, unit: NiftiGeometry['unit'], warn: Warn): void {
  if (unit === 'metre' || unit === 'micron') {
    warn(`lengths in the header are in ${unit}s; converted to mm.`);
  } else if ((fields.units & 7) > 3) {
    warn(`the unit of length has the unknown code ${fields.units & 7}; read as mm.`);
  }
}

function warnAboutCodes({qformCode, sformCode}: NiftiFields, warn: Warn): void {
  for (const [name, code] of [
    ['qform_code', qformCode],
    ['sform_code', sformCode],
  ] as const) {
    if (code > LAST_KNOWN_CODE || code < 0) {
      warn(`${name} must be 0 to 5, got ${code}; ${code > 0 ? 'used all the same' : 'read as 0'}.`);
    }
  }
}

/**
 * Say where the voxel sizes of the header (pixdim) are not those of the sform: FSL and others believe the former.
 *
 * @returns Whether they differ.
 */
function warnAboutSpacing(
  pixdim: Triple,
  {spacing}: Affine,
  unit: NiftiGeometry['unit'],
  warn: Warn,
): boolean {
  const stored = pixdim.map((value) => value * MM_PER_UNIT[unit]);
  const differs = stored.some(
    (mm, axis) => Math.abs(mm - spacing[axis]) > SPACING_TOLERANCE * spacing[axis],
  );
  if (!differs) return false;
  const shown = (sizes: readonly number[]) =>
    sizes.map((mm) => Number(mm.toPrecision(4))).join(' x ');
  warn(
    `the voxel sizes in the header (pixdim) are ${shown(stored)} mm, those of its sform ${shown(spacing)} mm; the sform is used, other programs may take the former. Outputs on this grid say the same twice.`,
  );
  return true;
}

/** Say where ITK and ANTs would place the image elsewhere than this program, nibabel, FSL and FreeSurfer do. */
function warnAboutOtherPrograms(
  {
    source,
    forms,
    request,
  }: {
    readonly source: Placement['source'];
    readonly forms: Forms;
    readonly request: 'auto' | 'sform' | 'qform';
  },
  {shape, affine}: Grid,
  warn: Warn,
): void {
  const {sform, qform} = forms;
  const both = sform !== null && qform !== null && sform.isUsable && qform.isUsable;
  const distance = both ? largestDistance(sform, qform, shape) : 0;
  if (request === 'auto' && distance > DISAGREEMENT_MM) {
    warn(
      `its two placements (qform and sform) differ by up to ${distance.toFixed(1)} mm; the sform is used, some programs (ITK, ANTs) may take the qform. Choose with \`geometry: 'sform'\` or \`geometry: 'qform'\`.`,
    );
  }
  if (source === 'sform' && affine.shear > SHEAR) {
    warn(
      `its axes are not at right angles (sheared, up to ${((Math.asin(Math.min(1, affine.shear)) * 180) / Math.PI).toFixed(1)} degrees); used as it is, but ITK and ANTs ${qform === null ? 'refuse such a file' : 'use the qform instead'}.`,
    );
  }
}

/** Zero means 1, negative means its magnitude; NaN stays and makes the qform unusable. */
function repairSpacing(pixdim: readonly number[]): Triple {
  const repair = (value: number): number => (value === 0 ? 1 : Math.abs(value));
  return [repair(pixdim[1]), repair(pixdim[2]), repair(pixdim[3])];
}

function qformMatrix(
  fields: Pick<NiftiGeometry, 'quaternion' | 'qformOffset'> & {readonly pixdim: readonly number[]},
  spacing: Triple,
): Affine {
  const flip = fields.pixdim[0] < 0 ? -1 : 1;
  const scale = Affine.scaling([spacing[0], spacing[1], flip * spacing[2]]);
  const rotation = rotationFromQuaternion(fields.quaternion);
  return Affine.compose(rotation, scale).withOffset(fields.qformOffset);
}

function quaternionExcess({quaternion}: NiftiFields): number {
  return Math.hypot(...quaternion) - 1;
}

/** As nibabel: first axis to the left, the centre of the image at the origin. */
function centredLas(spacing: Triple, shape: Triple): Affine {
  const [x, y, z] = spacing;
  const half = (axis: 0 | 1 | 2): number => (spacing[axis] * (shape[axis] - 1)) / 2;
  return Affine.scaling([-x, y, z]).withOffset([half(0), -half(1), -half(2)]);
}

function toMm(affine: Affine, unit: NiftiGeometry['unit']): Affine {
  const factor = MM_PER_UNIT[unit];
  return factor === 1 ? affine : scaled(affine, factor);
}

function scaled(affine: Affine, factor: number): Affine {
  return Affine.compose(Affine.scaling([factor, factor, factor]), affine);
}

/** Where header fields place the voxels: sform if its code is set, else qform, else centred as nibabel has it; RAS mm. */
export function affineOfGeometry(geometry: NiftiGeometry, shape: Triple): Affine {
  const {sformCode, qformCode, sform, unit, pixdim} = geometry;
  const spacing = repairSpacing(pixdim);
  if (sformCode > 0) return toMm(Affine.fromMatrix(sform), unit);
  return toMm(qformCode > 0 ? qformMatrix(geometry, spacing) : centredLas(spacing, shape), unit);
}

function ownGeometry(fields: NiftiFields, unit: NiftiGeometry['unit']): NiftiGeometry {
  const [flip, x, y, z] = fields.pixdim;
  return {
    pixdim: [flip, x, y, z],
    unit,
    qformCode: fields.qformCode,
    sformCode: fields.sformCode,
    quaternion: fields.quaternion,
    qformOffset: fields.qformOffset,
    sform: fields.sform,
  };
}

/** Both placements set to the one that was used, so that every program reads an output where this one did. */
function soundGeometry(
  own: NiftiGeometry,
  affine: Affine,
  source: Placement['source'],
): NiftiGeometry {
  const inUnit = scaled(affine, 1 / MM_PER_UNIT[own.unit]);
  const code =
    source === 'assumed' ? 0 : Math.max(1, source === 'sform' ? own.sformCode : own.qformCode);
  return {...geometryOfMatrix(inUnit, code), unit: own.unit};
}

/**
 * The header fields for a grid of our own making: qform and sform say the same, in mm.
 *
 * @param grid - Where the voxels lie.
 * @param options - Settings.
 * @param options.code - What the world is, by the standard: 1 scanner (default), 2 aligned to another image, 4 MNI152 …
 * @example
 * import {Affine, geometryFromGrid} from 'hypermorph';
 * const {sformCode, pixdim} = geometryFromGrid({affine: Affine.scaling([1, 2, 3])}, {code: 4});
 * sformCode; // 4
 * pixdim; // [1, 1, 2, 3]
 */
export function geometryFromGrid(
  grid: Pick<Grid, 'affine'>,
  {code = 1}: {readonly code?: number} = {},
): NiftiGeometry {
  return geometryOfMatrix(grid.affine, code);
}

function geometryOfMatrix(affine: Affine, code: number): NiftiGeometry {
  const rigid = toRigidPlacement(affine);
  if (rigid === null) {
    throw new HypermorphError(
      'E_GRID',
      `geometryFromGrid: the affine must be finite and invertible, got ${shownMatrix(affine)}.`,
    );
  }
  return {
    pixdim: [rigid.flip, ...rigid.spacing],
    unit: 'mm',
    qformCode: code,
    sformCode: code,
    quaternion: rigid.quaternion,
    qformOffset: affine.offset,
    sform: affine.rows,
  };
}

function shownMatrix({rows}: Affine): string {
  const row = (start: number): string =>
    rows
      .slice(start, start + 4)
      .map((value) => String(Number(value.toPrecision(4))))
      .join(' ');
  return `[${row(0)}; ${row(4)}; ${row(8)}]`;
}

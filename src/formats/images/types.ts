import type {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import type {Volume} from '../../volume/volume.js';

/**
 * How a file says where its voxels lie: the header fields of NIfTI, as they are written to an output on the same grid. Of other formats
 * they are made from what their headers say.
 *
 * Copied unchanged, every reader places the output exactly where it places the source.
 */
export interface NiftiGeometry {
  /** qfac (sign of the third axis of the qform), then the spacing along i, j, k in the file's unit. */
  readonly pixdim: readonly [number, number, number, number];
  /** Unit of the file's lengths; 'unknown' is read as mm. */
  readonly unit: 'unknown' | 'metre' | 'mm' | 'micron';
  readonly qformCode: number;
  readonly sformCode: number;
  /** quatern_b, quatern_c, quatern_d. */
  readonly quaternion: Triple;
  /** qoffset_x, qoffset_y, qoffset_z. */
  readonly qformOffset: Triple;
  /** srow_x, srow_y, srow_z: twelve numbers, row-major. */
  readonly sform: readonly number[];
}

/** A grid, and how the header of its file says where it lies. */
export interface PlacedGrid extends Grid {
  readonly geometry: NiftiGeometry;
}

/** What the numbers in a file mean, by the standard's intent codes. */
export interface NiftiIntent {
  readonly code: number;
  readonly name: string;
  readonly parameters: Triple;
}

/** The axes of a file behind the three of space: its volumes, one after the other. */
export interface FurtherAxes {
  /** dim[4], dim[5] …; empty where the file has one volume. */
  readonly lengths: readonly number[];
  /** pixdim[4], pixdim[5] …: the time from volume to volume, in the file's unit. */
  readonly steps: readonly number[];
  /** The part of xyzt_units that is a unit of time: 8 seconds, 16 milliseconds … */
  readonly timeUnit: number;
}

export type ImageFormat = 'NIfTI-1' | 'NIfTI-2' | 'MGH' | 'NRRD' | 'MetaImage';

/** Which of the placements in a header of NIfTI; 'header' of a format that has one; 'assumed' where it has none. */
export type GeometrySource = 'sform' | 'qform' | 'header' | 'assumed';

/** Where a file's voxels lie, and how sure that is. */
export interface Placement {
  /** Voxel -> RAS mm. */
  readonly affine: Affine;
  readonly source: GeometrySource;
  /** For outputs on this grid: the file's own fields, or sound ones where those needed repair. */
  readonly geometry: NiftiGeometry;
  readonly warnings: readonly string[];
}

/** What `hypermorph info` says about a file; nothing of it needs the voxels. */
export interface FileDescription {
  readonly path: string;
  readonly format: ImageFormat;
  readonly byteOrder: 'little-endian' | 'big-endian';
  readonly compressed: boolean;
  /** Header and voxels lie in two files, such as .hdr and .img. */
  readonly pair: boolean;
  /** All axes of the file, those of space first. */
  readonly dimensions: readonly number[];
  /** Voxels along i, j, k. */
  readonly shape: Triple;
  /** Product of the lengths of all further axes. */
  readonly volumes: number;
  readonly datatype: string;
  /** Whether this program can read the voxels of this type. */
  readonly readable: boolean;
  /** Stored value -> intensity, null where the file does not scale. */
  readonly scaling: {readonly slope: number; readonly intercept: number} | null;
  readonly affine: Affine;
  /** mm. */
  readonly spacing: Triple;
  /** Such as 'RAS'; assumed where `orientationKnown` is false. */
  readonly orientation: string;
  readonly orientationKnown: boolean;
  readonly geometrySource: GeometrySource;
  /** Of a format that has such codes. */
  readonly codes: {readonly qform: number; readonly sform: number} | null;
  readonly unit: NiftiGeometry['unit'];
  readonly intent: NiftiIntent;
  /** The standard's name of the intent, in words. */
  readonly intentMeaning: string;
  readonly descriptionText: string;
  readonly warnings: readonly string[];
}

/** What to take from a file, and how. */
export interface ReadImageOptions {
  /** Which volume of a file with several, counted from 0. */
  readonly volume?: number | undefined;
  /** Which of the header's two placements to believe; 'auto' takes the sform where its code is set, else the qform. */
  readonly geometry?: 'auto' | 'sform' | 'qform' | undefined;
  /** 'intensity' gives float32; 'label' keeps whole numbers in an integer type. */
  readonly kind?: 'intensity' | 'label' | undefined;
}

/** A scalar image from a file. */
export interface FileImage extends Volume {
  readonly path: string;
  /** The files that were read: one, or header and voxels of a pair. */
  readonly files: readonly string[];
  /** For outputs on this grid. */
  readonly geometry: NiftiGeometry;
  /** The type in the file, such as 'int16'. */
  readonly datatype: string;
  /** False where neither qform nor sform is set: the affine is then an assumption (LAS, centred). */
  readonly orientationKnown: boolean;
  /** Which placement of the header the affine is. */
  readonly geometrySource: GeometrySource;
  readonly intent: NiftiIntent;
  /** Sentences for the user, each starting with the path. */
  readonly warnings: readonly string[];
}

/** An image of one or many volumes whose header was read; the voxels are read when they are asked for. */
export interface FileSeries extends Omit<FileImage, 'data'> {
  /** How many. */
  readonly volumes: number;
  readonly further: FurtherAxes;
  /** The volumes one after the other, memory for one at a time; all of one element type. */
  readonly read: () => AsyncGenerator<Volume['data']>;
}

/** A vector field from a file: three numbers per voxel, in the units and axes that the file's convention says. */
export interface FileField extends Omit<FileImage, 'data'> {
  /** Component slowest, then k, j, i: as on disk. */
  readonly data: Float32Array;
}

/** What is written to a file. */
export interface ImageOutput {
  readonly shape: Triple;
  /** 3 makes a vector file: five axes, component slowest. */
  readonly components?: 1 | 3 | undefined;
  /** Of a file with several volumes. */
  readonly further?: FurtherAxes | undefined;
  /** shape[0] * shape[1] * shape[2] * components numbers, i fastest, component slowest. The element type is the file's. */
  readonly data: Volume['data'];
  readonly geometry: NiftiGeometry;
  readonly intent?: Partial<NiftiIntent> | undefined;
  /** Free text, at most 79 ASCII characters are kept. */
  readonly description?: string | undefined;
}

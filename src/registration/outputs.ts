import type {KernelRunner} from '../kernels/voxel-operation.js';
import {encodeItkWarp} from '../formats/transforms/itk.js';
import {Affine} from '../geometry/affine.js';
import {sample, volumeOfTensor} from '../transforms/apply.js';
import {affineTransform, displacementTransform, type Transform} from '../transforms/transform.js';
import {
  backwardTransform,
  onNetwork,
  type NetworkField,
  type RegistrationGeometry,
} from './geometry.js';

/** What an output is made of. */
export interface OutputSources {
  readonly geometry: RegistrationGeometry;
  /** Jacobian determinant of the deformation on the network's grid, [I, J, K] in tensor order. */
  readonly jacobian: Float32Array;
  /** Of the inverse deformation. */
  readonly inverseDisplacement: () => Promise<NetworkField>;
  /** On the network's grid. */
  readonly velocity: () => Promise<NetworkField>;
  readonly moved: Float32Array;
  /** Fixed -> moving. */
  readonly transform: Transform;
  readonly engine: KernelRunner;
}

/** One thing that a registration can give. */
interface OutputRow {
  readonly key: string;
  /** What users call it. */
  readonly name: string;
  /** One sentence for users. */
  readonly meaning: string;
  /** A few words for the header of a file. */
  readonly summary: string;
  /** The grid on which it lies. */
  readonly grid: 'fixed' | 'moving' | 'network';
  /** Numbers per voxel: an image, or a vector of millimetres, whose meaning depends on where the files say that voxels lie. */
  readonly components: 1 | 3;
  /** Disk order, component slowest. */
  readonly make: (sources: OutputSources) => Float32Array | Promise<Float32Array>;
}

/** Everything that a registration can give beside label maps; the one place where an output is added. */
export const OUTPUTS = [
  {
    key: 'moved',
    name: 'moved',
    meaning: 'the moving image, warped onto the grid of <fixed>',
    summary: 'moved',
    grid: 'fixed',
    components: 1,
    make: ({moved}) => moved,
  },
  {
    key: 'warp',
    name: 'warp',
    meaning:
      'displacement from <fixed> to <moving>: LPS mm, on the grid of <fixed>, as ITK, ANTs and Slicer read it',
    summary: 'warp fixed->moving LPS mm',
    grid: 'fixed',
    components: 3,
    make: ({transform, geometry, engine}) => encodeItkWarp(transform, geometry.fixed, engine),
  },
  {
    key: 'inverseWarp',
    name: 'inverse warp',
    meaning: 'displacement from <moving> to <fixed>, on the grid of <moving>',
    summary: 'warp moving->fixed LPS mm',
    grid: 'moving',
    components: 3,
    make: async ({geometry, inverseDisplacement, engine}) => {
      const transform = backwardTransform(geometry, await inverseDisplacement());
      return encodeItkWarp(transform, geometry.moving, engine);
    },
  },
  {
    key: 'jacobian',
    name: 'jacobian',
    meaning:
      'change of volume at every voxel of <fixed>: above 1 the structure is larger in <moving>, 0 or less is a fold',
    summary: 'jacobian det fixed->moving',
    grid: 'fixed',
    components: 1,
    make: ({geometry: {fixed, network}, jacobian, engine}) => {
      const still = affineTransform(Affine.identity);
      const image = volumeOfTensor(jacobian, network);
      return sample(image, still, fixed, {outside: 1, engine}).data as Float32Array;
    },
  },
  {
    key: 'velocity',
    name: 'velocity',
    meaning:
      'stationary velocity field on the grid of the network, LPS mm; its exponential is the displacement',
    summary: 'stationary velocity LPS mm',
    grid: 'network',
    components: 3,
    make: async ({geometry: {network}, velocity, engine}) => {
      const field = displacementTransform(onNetwork(network, await velocity()));
      return encodeItkWarp(field, network, engine);
    },
  },
] as const satisfies readonly OutputRow[];

export type OutputKey = (typeof OUTPUTS)[number]['key'];

export const OUTPUT_KEYS: readonly OutputKey[] = OUTPUTS.map(({key}) => key);

/** Something for each of some outputs. */
export type PerOutput<T> = Readonly<Partial<Record<OutputKey, T>>>;

import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {findShared} from '../../support/shared-folder.js';

/** A pair of images, and what says where their points belong. */
export interface Case {
  readonly name: string;
  readonly fixed: string;
  readonly moving: string;
  readonly labels?: readonly [fixed: string, moving: string];
  /** Tables of landmarks, RAS mm: one with both points of each pair, or two. */
  readonly landmarks?: readonly string[];
  /** A registration whose mean landmark error is at most this counts as a success, mm. */
  readonly successMm?: number;
}

/** A row of the table: pairs of one kind. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** How many of its pairs are run unless told. */
  readonly pairs: number;
  /** Which stage of every program is compared. */
  readonly stage: 'deformable' | 'affine';
  /** Makes the pairs, where they are not files of the collection. Called with the most that are wanted. */
  readonly cases: (
    data: string,
    made: (script: string, ...words: string[]) => string,
    count: number,
  ) => Case[];
}

/** Of the five people from whose labels the shipped model has learned nothing. */
const BRAINS: readonly (readonly [fixed: string, moving: string])[] = [
  ['val/sub05', 'val/sub16'],
  ['val/sub11', 'train/sub02'],
  ['train/sub09', 'val/sub05'],
  ['val/sub16', 'train/sub09'],
  ['train/sub02', 'val/sub05'],
  ['train/sub09', 'val/sub11'],
  ['val/sub11', 'val/sub16'],
  ['val/sub16', 'val/sub11'],
];

export const ROWS: readonly Row[] = [
  {
    name: 'brains-2mm',
    title: 'brains, 2 mm, 29 labels',
    pairs: 4,
    stage: 'deformable',
    cases: (data) =>
      BRAINS.map(([fixed, moving]) => brains(join(data, 'brainmaps', '2mm'), fixed, moving)),
  },
  {
    name: 'brains-1mm',
    title: 'brains, 1 mm, 29 labels',
    pairs: 1,
    stage: 'deformable',
    cases: (data) => [
      brains(join(data, 'brainmaps', '1mm'), 'sub02', 'sub09'),
      brains(join(data, 'brainmaps', '1mm'), 'sub09', 'sub02'),
    ],
  },
  {
    name: 'hippocampus',
    title: 'hippocampi, 1 mm, 2 labels',
    pairs: 29,
    stage: 'deformable',
    cases: (data) => hippocampi(join(data, 'hippocampus', 'val')),
  },
  {
    name: 'lung',
    title: 'lung CT, there and back, 100 landmarks',
    pairs: 2,
    stage: 'deformable',
    cases: (data, made) => {
      const file = (name: string) => join(data, 'lung', name);
      const baseline = file('ct_fixed_baseline_2p7x2p7x5mm.nii.gz');
      const followUp = file('ct_moving_1p4x1p4x2p5mm.nii.gz');
      const landmarks = file('landmarks_ras_mm.csv');
      const back = join(made('make_landmarks_back.py', landmarks), 'landmarks.csv');
      return [
        {
          name: 'baseline <- follow-up',
          ...{fixed: baseline, moving: followUp, landmarks: [landmarks]},
        },
        {name: 'follow-up <- baseline', ...{fixed: followUp, moving: baseline, landmarks: [back]}},
      ];
    },
  },
  {
    name: 'real-brains',
    title: 'real T1 brains, nuclei labelled by two protocols',
    pairs: 2,
    stage: 'deformable',
    cases: (data, made) => {
      const image = imagesIn(join(data, 'brain'));
      const labels = imagesIn(made('make_nuclei.py', join(data, 'brain')));
      return [
        {
          name: 'heads: MNI152 template <- Colin27',
          fixed: image('mni152_t1_2mm'),
          moving: image('colin27_head_2mm'),
          labels: [labels('nuclei_mni152'), labels('nuclei_colin27')],
        },
        {
          name: 'brains: ICBM 2009a template <- Colin27',
          fixed: image('icbm2009a_brain_1mm'),
          moving: image('colin27_brain_1mm'),
          labels: [labels('nuclei_icbm2009a'), labels('nuclei_colin27')],
        },
      ];
    },
  },
  {
    name: 'contrast',
    title:
      'other contrast: nuclei of a head in T1 onto a template in T2, a spinal cord in T1 onto T2',
    pairs: 2,
    stage: 'deformable',
    cases: (data, made) => {
      const image = imagesIn(join(data, 'brain'));
      const labels = imagesIn(made('make_nuclei.py', join(data, 'brain')));
      const cord = imagesIn(join(data, 'cord'));
      return [
        {
          name: 'heads: MNI152 template, T2 <- Colin27, T1',
          fixed: image('mni152_t2_2mm'),
          moving: image('colin27_head_2mm'),
          labels: [labels('nuclei_mni152'), labels('nuclei_colin27')],
        },
        {
          name: 'cord: T2 <- T1',
          fixed: cord('t2'),
          moving: cord('t1'),
          labels: [cord('t2_seg'), cord('t1_seg')],
        },
      ];
    },
  },
  {
    name: 'still',
    title: 'other contrast in one space: T2 of an average onto its T1, T1 of a person onto the EPI',
    pairs: 2,
    stage: 'deformable',
    cases: (data, made) => {
      const folder = made('make_still_points.py', join(data, 'brain'));
      const image = imagesIn(join(data, 'brain'));
      return [
        {
          name: 'MNI152 template: T1 <- T2',
          fixed: image('mni152_t1_2mm'),
          moving: image('mni152_t2_2mm'),
          landmarks: [join(folder, 'mni152.csv')],
        },
        {
          name: 'one person: EPI <- T1',
          fixed: image('someone_epi_3mm'),
          moving: image('someone_t1_2p75mm'),
          landmarks: [join(folder, 'someone.csv')],
        },
      ];
    },
  },
  {
    name: 'affine',
    title: 'affine recovery: turned up to 45 degrees, scaled 0.8 to 1.25, shifted up to 60 mm',
    pairs: 20,
    stage: 'affine',
    cases: (data, made, count) => {
      const folder = made('make_affine_trials.py', data, String(count));
      return Array.from({length: count}, (_, n) => {
        const trial = join(folder, `trial${String(n).padStart(3, '0')}`);
        return {
          name: `trial ${n}`,
          fixed: join(trial, 'fixed.nii.gz'),
          moving: join(trial, 'moving.nii.gz'),
          landmarks: [join(trial, 'points.csv')],
          successMm: 2,
        };
      });
    },
  },
];

/** The compressed images of a folder, by their names. */
function imagesIn(folder: string): (name: string) => string {
  return (name) => join(folder, `${name}.nii.gz`);
}

function brains(folder: string, fixed: string, moving: string): Case {
  const file = (name: string, kind: string) => join(folder, `${name}_${kind}.nii.gz`);
  return {
    name: `${fixed.slice(-5)} <- ${moving.slice(-5)}`,
    fixed: file(fixed, 't1'),
    moving: file(moving, 't1'),
    labels: [file(fixed, 'labels'), file(moving, 'labels')],
  };
}

/** Each with the next of the validation set. */
function hippocampi(folder: string): Case[] {
  const names = readdirSync(join(folder, 'images')).sort();
  return names.map((fixed, n) => {
    const moving = names[(n + 1) % names.length];
    return {
      name: `${fixed.slice(12, 15)} <- ${moving.slice(12, 15)}`,
      fixed: join(folder, 'images', fixed),
      moving: join(folder, 'images', moving),
      labels: [join(folder, 'labels', fixed), join(folder, 'labels', moving)],
    };
  });
}

/** The folder with the volumes. @throws where there is none. */
export function findData(): string {
  const folder = findShared('data');
  if (folder !== undefined) return folder;
  throw new Error(
    'the benchmark of accuracy needs a collection of volumes that does not come with the repository: set HYPERMORPH_SHARED to the folder that holds it in data/.',
  );
}

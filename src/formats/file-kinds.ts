import {isGzip} from './gzip.js';

/** A kind of file that people give by mistake, and what to do with it. */
export interface FileKind {
  /** With its article, as it follows "it looks like". */
  readonly name: string;
  /** One sentence. */
  readonly advice: string;
}

/** As much of a file as is needed to recognise it. */
export const KIND_BYTES = 540;

const IMAGE = 'Convert it to NIfTI first.';
const UNPACK = 'Unpack it first, and give the file that is in it.';
const FETCH = 'It stands for a file that was not downloaded: fetch the file itself';

/** What files begin with; the first that fits counts. Bytes as Latin-1 text. */
const KINDS: readonly (FileKind & {readonly fits: (start: string) => boolean})[] = [
  {
    fits: begins('\x89HDF\r\n'),
    name: 'an HDF5 file, such as a model of Keras (.h5) or a MINC 2 image',
    advice:
      'A model that VoxelMorph or HyperMorph saved with Keras becomes one of ours by `hypermorph import`; convert an image to NIfTI.',
  },
  {
    fits: (start) =>
      start.startsWith('PK\x03\x04') && /\/(data\.pkl|byteorder|version)/.test(start),
    ...pytorch(),
  },
  {fits: (start) => start[0] === '\x80' && start[1] >= '\x02' && start[1] <= '\x05', ...pytorch()},
  {
    fits: (start) => start.startsWith('PK\x03\x04') && /(metadata|config)\.json/.test(start),
    name: 'a model of Keras 3 (.keras)',
    advice:
      'Load it there and save it with Keras 2 as .h5, which `hypermorph import` turns into a model.',
  },
  {
    fits: (start) => start.startsWith('PK\x03\x04') && start.includes('.npy'),
    name: 'an archive of NumPy (.npz)',
    advice: 'Images must be NIfTI, models .safetensors; write it again as such.',
  },
  {fits: begins('PK\x03\x04'), name: 'a zip archive', advice: UNPACK},
  {fits: begins('\x28\xb5\x2f\xfd'), name: 'a file compressed by zstd', advice: UNPACK},
  {fits: begins('BZh'), name: 'a file compressed by bzip2', advice: UNPACK},
  {fits: begins('\xfd7zXZ\0'), name: 'a file compressed by xz', advice: UNPACK},
  {fits: begins('\x04\x22\x4d\x18'), name: 'a file compressed by lz4', advice: UNPACK},
  {fits: begins('\x1f\x9d'), name: 'a file compressed by compress (.Z)', advice: UNPACK},
  {fits: begins('7z\xbc\xaf\x27\x1c'), name: 'a 7-Zip archive', advice: UNPACK},
  {fits: begins('Rar!'), name: 'a RAR archive', advice: UNPACK},
  {fits: (start) => start.startsWith('ustar', 257), name: 'a tar archive', advice: UNPACK},
  {
    fits: begins('version https://git-lfs'),
    name: 'a pointer of git-lfs',
    advice: `${FETCH} (git lfs pull).`,
  },
  {
    fits: (start) => /^(\.\.\/|\.git\/|\/)[^\n]*annex\/objects\//.test(start),
    name: 'a pointer of git-annex',
    advice: `${FETCH} (git annex get, or datalad get).`,
  },
  {
    fits: (start) => /^\s*<(!doctype|html|\?xml)/i.test(start),
    name: 'a web page or other XML',
    advice:
      'A download may have ended in an error page: open the file in a browser, and fetch it again.',
  },
  {fits: (start) => start.startsWith('DICM', 128), name: 'a DICOM file', advice: dicom()},
  {fits: begins('NRRD'), name: 'an NRRD file', advice: called('.nrrd or .nhdr')},
  {
    fits: (start) => /^\s*(ObjectType|NDims)\s*=/.test(start),
    name: 'a MetaImage header (.mhd, .mha)',
    advice: called('.mha or .mhd'),
  },
  {fits: begins('CDF'), name: 'a MINC 1 file', advice: IMAGE},
  {fits: begins('\x89PNG'), name: 'a PNG picture', advice: IMAGE},
  {fits: begins('\xff\xd8\xff'), name: 'a JPEG picture', advice: IMAGE},
  {
    fits: (start) => /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(start),
    name: 'a TIFF picture',
    advice: IMAGE,
  },
  {fits: begins('\x93NUMPY'), name: 'an array of NumPy (.npy)', advice: IMAGE},
  {fits: begins('MATLAB 5'), name: 'a MATLAB file (.mat)', advice: IMAGE},
  {
    fits: (start) => /^(\xff\xfe|\xfe\xff)/.test(start),
    name: 'a text in UTF-16',
    advice: 'Save it as UTF-8.',
  },
  {fits: begins('%PDF'), name: 'a PDF document', advice: 'Check that it is the intended file.'},
  {
    fits: begins('#Insight Transform'),
    name: 'a transform file of ITK',
    advice: 'Check the order of the arguments.',
  },
  {
    fits: (start) =>
      /^(n\+[12]|ni[12])\0/.test(start.slice(344, 348)) || /^(n\+2|ni2)\0/.test(start.slice(4, 8)),
    name: 'a NIfTI image',
    advice: 'Check the order of the arguments.',
  },
  {
    fits: (start) => /^[^]{4}\0{4}\{\s*"/.test(start),
    name: 'a model file (safetensors)',
    advice: 'Check the order of the arguments.',
  },
  {
    fits: (start) => /^\s*\{\s*"/.test(start),
    name: 'a JSON text',
    advice: 'Check that it is the intended file.',
  },
  {
    fits: (start) => start.startsWith('\0\0\0\x01\0\0') && start[6] < '\x10',
    name: 'a FreeSurfer MGH file',
    advice: called('.mgh or .mgz'),
  },
];

function begins(magic: string): (start: string) => boolean {
  return (start) => start.startsWith(magic);
}

function pytorch(): FileKind {
  return {
    name: 'a model of PyTorch (or another pickle of Python)',
    advice:
      'Such files hold programs and are not read; of VoxelMorph and HyperMorph, models that Keras saved as .h5 can be imported (`hypermorph import`).',
  };
}

/** Of an image whose name says another format. */
function called(endings: string): string {
  return `Such an image is read when its name ends in ${endings}.`;
}

function dicom(): string {
  return 'Convert its series to NIfTI first, for example with dcm2niix.';
}

/**
 * Recognise a file of a kind that is not wanted.
 *
 * @param start - The first bytes of the file, `KIND_BYTES` or all of a smaller one.
 * @returns Null where it is none that is known.
 */
export function recogniseFile(start: Uint8Array): FileKind | null {
  if (isGzip(start)) return {name: 'a file compressed by gzip', advice: UNPACK};
  const text = String.fromCharCode(...start.subarray(0, KIND_BYTES));
  return KINDS.find(({fits}) => fits(text)) ?? null;
}

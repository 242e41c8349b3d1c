import {encodePng} from '../formats/png.js';
import {countOverlaps, dice, meanOfKnown} from '../evaluation/overlap.js';
import {Affine} from '../geometry/affine.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {CONVENTION, qcPage, type Fact, type PageLayer, type QcContent} from '../pages/qc-page.js';
import {drawContact, drawThumbnail} from '../pictures/contact.js';
import {drawRegistration, type Drawing, type LabelMaps} from '../pictures/draw-registration.js';
import type {Picture} from '../pictures/picture.js';
import {NO_BREAK} from '../pictures/text.js';
import {onNetwork} from '../registration/geometry.js';
import type {AnswerName} from '../registration/judge.js';
import type {FoundAnswers} from '../registration/register-pair.js';
import {sample, volumeOfTensor} from '../transforms/apply.js';
import {affineTransform, displacementTransform, type Transform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
import {stemOf, type OutputFile, type OutputPaths} from './output-paths.js';
import {pngAddress, readPageAssets} from './page-assets.js';
import type {Report} from './report.js';

/** The layer of the moving image where its header places it. */
const HEADERS = 'headers';

/** What the layers are called. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  fixed: 'Fixed',
  [HEADERS]: 'Moving, by its header',
  alignment: 'Moving, after affine',
  network: 'Moving, after network',
  refinement: 'Moving, after refinement',
  jacobian: 'Jacobian determinant',
};

/** Looks at a registration while it is in memory, and makes a page of what it saw. */
export class QcLook {
  readonly #engine: KernelRunner;
  readonly #labels: LabelMaps;
  #drawing: Drawing | null = null;
  #result = HEADERS;
  /** Mean Dice by the headers and of the result; null without two label maps. */
  #dice: readonly [before: number | null, after: number | null] | null = null;

  constructor(engine: KernelRunner, labels: LabelMaps) {
    this.#engine = engine;
    this.#labels = labels;
  }

  /** Draw slices; nothing else of the registration is kept. */
  readonly see = ({pair, answers, kept, deformation}: FoundAnswers): void => {
    const {network} = kept.pair.geometry;
    const isMoved = !pair.geometry.alignment.equals(Affine.identity);
    const stages = answers
      .filter(({answer}) => isMoved || answer !== 'alignment')
      .map(({answer, transform}) => ({key: answer, transform}));
    if (isMoved || kept.answer !== 'alignment') this.#result = kept.answer;
    const still = affineTransform(Affine.identity);
    const {fixed, moving} = this.#labels;
    if (fixed !== undefined && moving !== undefined) {
      const diceOf = (transform: Transform) => meanDice(fixed, moving, transform, this.#engine);
      this.#dice = [diceOf(still), diceOf(kept.transform)];
    }
    this.#drawing = drawRegistration(
      {
        ...{fixed: pair.fixed, moving: pair.moving, labels: this.#labels},
        stages: [{key: HEADERS, transform: still}, ...stages],
        deformation: displacementTransform(onNetwork(network, deformation.displacement)),
        jacobian: volumeOfTensor(deformation.jacobian, network),
      },
      this.#engine,
    );
  };

  /** The page, HTML, or a picture of the same, PNG, where it is called so; and the result in a few small slices. */
  async filesOf(
    {qc, thumbnail}: Pick<OutputPaths, 'qc' | 'thumbnail'>,
    report: Report,
  ): Promise<readonly OutputFile[]> {
    const files: OutputFile[] = [];
    if (qc !== undefined) {
      const content = isPicture(qc) ? this.#pictureOf(report) : this.#pageOf(report);
      files.push({path: qc, content: await content});
    }
    if (thumbnail !== undefined) {
      const picture = drawThumbnail(this.#drawing!, this.#result);
      files.push({path: thumbnail, content: await encodePng(picture)});
    }
    return files;
  }

  async #pageOf(report: Report): Promise<string> {
    const drawing = this.#drawing!;
    const content = {...this.#contentOf(report), drawing, result: this.#result};
    const jacobian = {key: 'jacobian', picture: drawing.jacobian, edges: null, labels: null};
    const layers = await Promise.all(
      [...drawing.layers, jacobian].map(
        async ({key, picture, edges, labels}): Promise<PageLayer> => ({
          ...{key, name: LAYER_NAMES[key]},
          picture: await addressOf(picture),
          edges: edges && (await addressOf(edges)),
          labels: labels && (await addressOf(labels)),
        }),
      ),
    );
    const grid = await addressOf(drawing.grid);
    return qcPage({...content, layers, grid}, await readPageAssets());
  }

  /** What the report says, and how well the labels agree. */
  #contentOf(report: Report): ReturnType<typeof contentOf> {
    const content = contentOf(report);
    if (this.#dice === null) return content;
    const [before, after] = this.#dice.map((value) => inWords(value, 3));
    const note = 'mean of the labels of fixed, by the headers → result';
    const fact = {name: 'Dice', value: `${before} → ${after}`, note};
    return {...content, facts: [fact, ...content.facts]};
  }

  #pictureOf(report: Report): Promise<Uint8Array> {
    const {fixed, moving, verdict, reasons, facts, stages} = this.#contentOf(report);
    const limit = this.#drawing!.jacobianLimit;
    const names = {
      ...LAYER_NAMES,
      grid: 'Deformed grid',
      jacobian: `Jacobian determinant, without the affine: ${(1 / limit).toFixed(2)} blue, 1 white, ${limit.toFixed(2)} red, yellow folds`,
      [this.#result]: `${LAYER_NAMES[this.#result]} = result`,
    };
    const lines = [
      `Quality ${verdict}. ${reasons.join(' ')}`,
      facts.map(({name, value}) => `${name} ${value}`.replaceAll(' ', NO_BREAK)).join('   '),
      ...(stages.length === 0
        ? []
        : [
            `Similarity ${stages.map(({name, similarity}) => `${name} ${similarity.toFixed(3)}`).join(', ')}`,
          ]),
      ...(this.#dice === null
        ? []
        : ['Outlines of labels: orange those of fixed, blue of moving.']),
      `hypermorph ${report.version}, ${today()}. ${CONVENTION}`,
    ];
    const title = `${moving} to ${fixed}`;
    return encodePng(drawContact(this.#drawing!, {title, lines, names, result: this.#result}));
  }
}

/** How well the labels of the fixed image agree with those of the moving one through a transform; null where there are none. */
function meanDice(
  fixed: Volume,
  moving: Volume,
  transform: Transform,
  engine: KernelRunner,
): number | null {
  const {data} = sample(moving, transform, fixed, {interpolation: 'nearest', engine});
  const overlaps = [...countOverlaps(fixed.data, data)];
  const ofFixed = overlaps.filter(([label, {first}]) => label !== 0 && first > 0);
  return meanOfKnown(ofFixed.map(([, overlap]) => dice(overlap)));
}

/** Whether a file is called as a picture, not as a page. */
function isPicture(path: string): boolean {
  return /\.png$/i.test(path);
}

/** A picture as an address that holds it. */
async function addressOf(picture: Picture): Promise<string> {
  return pngAddress(await encodePng(picture));
}

/** What an answer is called beside its similarity. */
function nameOf(answer: AnswerName, {affine}: Report): string {
  if (answer !== 'alignment') return `after ${answer}`;
  return affine.found === HEADERS ? 'by the headers' : 'after affine';
}

/** What the report says, for people. */
function contentOf(report: Report): Omit<QcContent, 'drawing' | 'layers' | 'result' | 'grid'> {
  const {fixed, moving, quality, answer, warnings} = report;
  return {
    ...{fixed: stemOf(fixed.path), moving: stemOf(moving.path)},
    ...{verdict: quality.verdict, reasons: quality.reasons, warnings},
    facts: factsOf(report),
    stages: answer.judgements.map(({answer: name, similarity}) => ({
      ...{name: nameOf(name, report), similarity},
      isKept: name === answer.kept,
    })),
    provenance: provenanceOf(report),
  };
}

/** The key figures of a registration. */
export function factsOf(report: Report): readonly Fact[] {
  const {similarity, jacobian, displacement, overlap} = report;
  const {before, after} = similarity;
  const {folds, foldingFraction: share, minimum, maximum, sdLogJacobian} = jacobian;
  return [
    {
      name: 'Correlation',
      value: `${inWords(before.ncc, 3)} → ${inWords(after.ncc, 3)}`,
      note: `whole images, ${nameOf('alignment', report)} → result`,
    },
    {
      name: 'Folds',
      value:
        share === null ? 'unknown' : folds === 0 ? 'none' : `${(100 * share).toPrecision(2)} %`,
      note: `${folds} ${folds === 1 ? 'voxel' : 'voxels'}`,
    },
    {
      name: 'SD of log Jacobian',
      value: inWords(sdLogJacobian, 3),
      note: `determinant ${inWords(minimum, 2)} to ${inWords(maximum, 2)}`,
    },
    {
      name: 'Displacement',
      value: `${displacement.meanMm.toFixed(2)} mm`,
      note: `mean; largest ${displacement.maximumMm.toFixed(2)} mm`,
    },
    {
      name: 'Overlap',
      value: `${Math.round(100 * overlap)} %`,
      note: 'of the smaller field of view',
    },
  ];
}

function provenanceOf(report: Report): readonly Fact[] {
  const {fixed, moving, labels, model, hyperparameters, affine, answer, outputs} = report;
  const {engine, version} = report;
  const values = Object.entries(hyperparameters).map(([name, value]) => `${name} ${value}`);
  return [
    {name: 'Fixed', value: fixed.path},
    {name: 'Moving', value: moving.path},
    ...labels.map(({path}) => ({name: 'Labels', value: path})),
    {name: 'Model', value: model?.path ?? 'none'},
    {name: 'Settings', value: values.join(', ') || 'none'},
    {
      name: 'Affine',
      value: [
        affine.found === HEADERS ? 'none: the headers count' : affine.found,
        ...affine.reasons,
      ].join('. '),
    },
    {name: 'Kept', value: answer.kept},
    ...Object.entries(outputs).map(([name, paths]) => ({
      name: `Written: ${name}`,
      value: [paths].flat().join(', '),
    })),
    {name: 'Made by', value: `hypermorph ${version}, ${engine.name} engine, ${today()}`},
  ];
}

/** The day, so that two runs of one day make the same page. */
function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function inWords(value: number | null, digits: number): string {
  return value === null ? 'unknown' : value.toFixed(digits);
}

/**
 * What a model's network does alone on pairs of images, after the affine of `register`: Dice over labels, correlation, smoothness. The table of docs/model.md comes from here.
 *
 *   node --import tsx scripts/evaluate-model.ts <model.safetensors> <pairs.json> [lambda ...]
 *
 * pairs.json: [{"name", "fixed", "moving", "fixedLabels"?, "movingLabels"?}]
 */
import {readFileSync} from 'node:fs';
import {startEngine} from '../src/engines/select.js';
import {meanDice} from '../src/evaluation/labels.js';
import {readImage} from '../src/formats/images/read-image.js';
import type {FileImage} from '../src/formats/images/types.js';
import {openModel} from '../src/models/open-model.js';
import {WITHOUT_NETWORK} from '../src/registration/prepare.js';
import {
  registerPair,
  type NamedVolume,
  type RegistrationModel,
} from '../src/registration/register-pair.js';

interface Pair {
  readonly name: string;
  readonly fixed: string;
  readonly moving: string;
  readonly fixedLabels?: string;
  readonly movingLabels?: string;
}

interface Images {
  readonly fixed: NamedVolume;
  readonly moving: NamedVolume;
  readonly fixedLabels: NamedVolume | null;
  readonly movingLabels: NamedVolume | null;
}

async function readImages(pair: Pair): Promise<Images> {
  const name = (image: FileImage): NamedVolume => ({...image, name: image.path});
  const labels = async (path: string | undefined) =>
    path === undefined ? null : name(await readImage(path, {kind: 'label'}));
  return {
    fixed: name(await readImage(pair.fixed)),
    moving: name(await readImage(pair.moving)),
    fixedLabels: await labels(pair.fixedLabels),
    movingLabels: await labels(pair.movingLabels),
  };
}

/** Register, and compare the labels where there are some. */
async function measure(images: Images, lambda: number, model: RegistrationModel) {
  const {fixed, moving, fixedLabels, movingLabels} = images;
  const {summary, labels} = await registerPair({
    fixed,
    moving,
    model,
    engine,
    hyperparameters: model.network === null ? [] : [lambda],
    affine: 'auto',
    labels: movingLabels === null ? [] : [movingLabels],
  });
  return {
    ...summary,
    dice:
      fixedLabels === null || movingLabels === null ? null : meanDice(fixedLabels.data, labels[0]),
  };
}

const [modelPath, pairsPath, ...lambdaTexts] = process.argv.slice(2);
const pairs = JSON.parse(readFileSync(pairsPath, 'utf8')) as Pair[];
const lambdas = lambdaTexts.length > 0 ? lambdaTexts.map(Number) : [0.05, 0.3, 0.95];
const engine = await startEngine({engine: 'auto'});
const model = await openModel(modelPath);
const digits = (value: number | null, count: number) =>
  value === null ? '' : value.toFixed(count);
console.log(
  '| pair | lambda | NCC before | after | Dice before | after | SDlogJ | folds % | mean mm | max mm |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const pair of pairs) {
  const images = await readImages(pair);
  const before =
    images.movingLabels === null ? null : (await measure(images, 0.5, WITHOUT_NETWORK)).dice;
  for (const lambda of lambdas) {
    const {similarity, dice, jacobian, displacement} = await measure(images, lambda, model);
    const cells = [
      pair.name,
      String(lambda),
      digits(similarity.before.ncc, 3),
      digits(similarity.after.ncc, 3),
      digits(before, 3),
      digits(dice, 3),
      digits(jacobian.sdLogJacobian, 3),
      digits(100 * (jacobian.foldingFraction ?? NaN), 3),
      digits(displacement.meanMm, 2),
      digits(displacement.maximumMm, 1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

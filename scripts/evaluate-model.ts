/**
 * What a model does on pairs of images: Dice over labels, correlation, smoothness. The table of docs/model.md comes from here.
 *
 *   node --import tsx scripts/evaluate-model.ts <model.safetensors> <pairs.json> [lambda ...]
 *
 * pairs.json: [{"name", "fixed", "moving", "fixedLabels"?, "movingLabels"?, "align"?: "headers" | "centre" | "fov"}]
 */
import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine, type Engine} from '../src/engines/select.js';
import {readNifti, type NiftiImage} from '../src/formats/nifti.js';
import {readModel} from '../src/models/model-file.js';
import {RegistrationNetwork} from '../src/models/registration-network.js';
import {gridSpecOf} from '../src/registration/model.js';
import {registerPair, type RegistrationModel} from '../src/registration/register-pair.js';
import type {VoxelArray} from '../src/volume/volume.js';

interface Pair {
  readonly name: string;
  readonly fixed: string;
  readonly moving: string;
  readonly fixedLabels?: string;
  readonly movingLabels?: string;
  readonly align?: 'headers' | 'centre' | 'fov';
}

/** Mean Dice over the labels of either image, background left out. */
function meanDice(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const counts = new Map<number, {both: number; sum: number}>();
  const countOf = (label: number) => {
    const count = counts.get(label) ?? {both: 0, sum: 0};
    counts.set(label, count);
    return count;
  };
  for (let n = 0; n < a.length; n++) {
    countOf(a[n]).sum++;
    countOf(b[n]).sum++;
    if (a[n] === b[n]) countOf(a[n]).both++;
  }
  counts.delete(0);
  const scores = [...counts.values()].map(({both, sum}) => (2 * both) / sum);
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function nameVolume(image: NiftiImage) {
  return {...image, name: image.path};
}

async function evaluate(pair: Pair, lambda: number, model: RegistrationModel, engine: Engine) {
  const [fixed, moving] = [await readNifti(pair.fixed), await readNifti(pair.moving)].map(
    nameVolume,
  );
  const read = async (path: string | undefined) =>
    path === undefined ? null : nameVolume(await readNifti(path, {kind: 'label'}));
  const [fixedLabels, movingLabels] = [await read(pair.fixedLabels), await read(pair.movingLabels)];
  const run = (network: RegistrationModel['network']) =>
    registerPair({
      fixed,
      moving,
      model: {...model, network},
      engine,
      hyperparameters: [lambda],
      align: pair.align ?? 'headers',
      labels: movingLabels === null ? [] : [movingLabels],
    });
  const dice = (labels: readonly VoxelArray[]) =>
    fixedLabels === null || labels.length === 0 ? null : meanDice(fixedLabels.data, labels[0]);
  const still = await run(stillNetwork(model.network));
  const {summary, labels} = await run(model.network);
  return {
    nccBefore: summary.similarity.before.ncc,
    nccAfter: summary.similarity.after.ncc,
    diceBefore: dice(still.labels),
    diceAfter: dice(labels),
    sdLogJacobian: summary.jacobian.sdLogJacobian,
    foldingPercent: 100 * summary.jacobian.foldingFraction,
    meanMm: summary.displacement.meanMm,
    maximumMm: summary.displacement.maximumMm,
  };
}

/** A network that moves nothing: what the alignment alone gives. */
function stillNetwork(network: RegistrationModel['network']): RegistrationModel['network'] {
  return {
    architecture: network.architecture,
    predictVelocity(inputs) {
      const velocity = network.predictVelocity(inputs);
      const zeros = tf.zerosLike(velocity);
      velocity.dispose();
      return zeros;
    },
  };
}

const [modelPath, pairsPath, ...lambdaTexts] = process.argv.slice(2);
const pairs = JSON.parse(readFileSync(pairsPath, 'utf8')) as Pair[];
const lambdas = lambdaTexts.length > 0 ? lambdaTexts.map(Number) : [0.05, 0.3, 0.95];
const engine = await startEngine({engine: 'auto'});
const {description, weights} = await readModel(modelPath);
const model: RegistrationModel = {
  network: RegistrationNetwork.fromWeights(description.architecture, weights),
  grid: gridSpecOf(description),
  normalisation: description.normalisation,
};
const digits = (value: number | null, count: number) =>
  value === null ? '' : value.toFixed(count);
console.log(
  '| pair | lambda | NCC before | after | Dice before | after | SDlogJ | folds % | mean mm | max mm |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const pair of pairs) {
  for (const lambda of lambdas) {
    const r = await evaluate(pair, lambda, model, engine);
    const cells = [
      pair.name,
      String(lambda),
      digits(r.nccBefore, 3),
      digits(r.nccAfter, 3),
      digits(r.diceBefore, 3),
      digits(r.diceAfter, 3),
      digits(r.sdLogJacobian, 3),
      digits(r.foldingPercent, 3),
      digits(r.meanMm, 2),
      digits(r.maximumMm, 1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/**
 * A network applied again to what it left: Dice and processor seconds, alone and then refined. The tables of docs/experiments/cascade.md.
 *
 *   HYPERMORPH_SHARED=DIR node --import tsx scripts/experiments/cascade.ts MODEL ROW COUNT [LAMBDA]
 *
 * ROW and the pairs are those of `npm run bench:accuracy`; all of them have label maps. One affine for all answers of a pair.
 */
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {meanDice} from '../../src/evaluation/labels.js';
import {meanOfKnown} from '../../src/evaluation/overlap.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {openModel} from '../../src/models/open-model.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import {warpTensor} from '../../src/ops/warp.js';
import {deform, integrationOf} from '../../src/registration/deform.js';
import {hasNetwork, preparePair, type PairWithNetwork} from '../../src/registration/prepare.js';
import {realise} from '../../src/registration/realise.js';
import {refinable, refinePair} from '../../src/registration/refine/refine-pair.js';
import {StageLog} from '../../src/registration/stages.js';
import {integrate, type Deformation, type Velocity} from '../../src/registration/velocity.js';
import {ROWS, type Case} from '../bench/accuracy/cases.js';
import {findShared} from '../support/shared-folder.js';

const [modelPath, rowName, count, lambdaText = '0.3'] = process.argv.slice(2);
const lambda = Number(lambdaText);
const engine = await startEngine({engine: 'native'});
const model = await openModel(modelPath);
const tools = {engine, stages: new StageLog()};

/** The first image moved by the displacement, [I, J, K]; or a field, [I, J, K, 3]. */
function warped(image: Float32Array, displacement: Float32Array, pair: PairWithNetwork) {
  const {shape} = pair.geometry.network;
  return tf.tidy(() => {
    const channels = image.length / (displacement.length / 3);
    const field = tf.tensor(displacement, [1, ...shape, 3]);
    return warpTensor(tf.tensor(image, [1, ...shape, channels]), field).dataSync() as Float32Array;
  });
}

const sum = (a: Float32Array, b: Float32Array) => a.map((value, n) => value + b[n]);

/** What the network says of the images as an answer so far leaves them. */
function predictRest(pair: PairWithNetwork, soFar: Deformation): Promise<Deformation> {
  const {fixed, moving} = pair.conformed;
  const conformed = {fixed, moving: warped(moving, soFar.displacement, pair)};
  return deform({...pair, conformed}, [lambda], tools);
}

/** moving(x + u1) seen through x + u2: u(x) = u2(x) + u1(x + u2(x)); its velocity is not known. */
function composed(pair: PairWithNetwork, first: Deformation, second: Deformation): Deformation {
  const through = warped(first.displacement, second.displacement, pair);
  const displacement = sum(second.displacement, through);
  const {shape} = pair.geometry.network;
  const jacobian = tf.tidy(
    () => jacobianDeterminant(tf.tensor(displacement, [1, ...shape, 3])).dataSync() as Float32Array,
  );
  return {velocity: first.velocity, displacement, jacobian};
}

/** exp(v1 + v2): exp(v1) after exp(v2) to the first order, and still the flow of one velocity. */
function added(pair: PairWithNetwork, first: Velocity, second: Velocity): Promise<Deformation> {
  const values = sum(first.values, second.values);
  return integrate({values, shape: first.shape}, integrationOf(pair, engine));
}

interface Result {
  readonly dice: number | null;
  readonly sdLogJacobian: number | null;
  readonly folds: number | null;
  readonly seconds: number;
}

async function measureCase(one: Case): Promise<Map<string, Result>> {
  const read = async (path: string, kind: 'intensity' | 'label') => {
    const image = await readImage(path, {kind});
    return {...image, name: image.path};
  };
  const [fixed, moving] = [await read(one.fixed, 'intensity'), await read(one.moving, 'intensity')];
  const labels = await Promise.all(one.labels!.map((path) => read(path, 'label')));
  const pair = await preparePair({fixed, moving}, model, {affine: 'auto', ...tools});
  if (!hasNetwork(pair)) throw new Error('the model has no network');
  const results = new Map<string, Result>();
  const wanted = {labels: [labels[1]], outputs: [], interpolation: 'linear'} as const;
  const timed = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const start = process.cpuUsage();
    const value = await work();
    const {user, system} = process.cpuUsage(start);
    return [value, (user + system) / 1e6];
  };
  const measure = async (name: string, deformation: Deformation, seconds: number, on = pair) => {
    const made = await realise(on, deformation, wanted, tools);
    const {sdLogJacobian, foldingFraction: folds} = made.measures.jacobian;
    const dice = meanDice(labels[0].data, made.labels[0]);
    results.set(name, {dice, sdLogJacobian, folds, seconds});
  };
  const refined = async (name: string, found: Deformation | null, seconds: number) => {
    const [{answer}, more] = await timed(() =>
      refinePair(
        refinable(pair, engine),
        {lambda, found: found && {pair, deformation: found}},
        engine,
      ),
    );
    await measure(name, answer.deformation(), seconds + more, answer.pair as PairWithNetwork);
  };
  const [first, once] = await timed(() => deform(pair, [lambda], tools));
  const [second, again] = await timed(() => predictRest(pair, first));
  const twice = await added(pair, first.velocity, second.velocity);
  const [third, oncemore] = await timed(() => predictRest(pair, twice));
  const thrice = await added(pair, twice.velocity, third.velocity);
  const still = first.displacement.map(() => 0);
  const nothing = {...first, displacement: still, jacobian: first.jacobian.map(() => 1)};
  await measure('affine', nothing, 0);
  await measure('network', first, once);
  await measure(
    'network twice, displacements composed',
    composed(pair, first, second),
    once + again,
  );
  await measure('network twice, velocities added', twice, once + again);
  await measure('network three times, velocities added', thrice, once + again + oncemore);
  await refined('refined alone', null, 0);
  await refined('network, refined', first, once);
  await refined('network twice, refined', twice, once + again);
  return results;
}

const row = ROWS.find(({name}) => name === rowName)!;
const noScripts = () => {
  throw new Error('this row needs files that a script makes');
};
const cases = row.cases(findShared('data')!, noScripts, Number(count)).slice(0, Number(count));
const all: Map<string, Result>[] = [];
for (const one of cases) all.push(await measureCase(one));
const mean = (name: string, key: keyof Result) =>
  meanOfKnown(all.map((results) => results.get(name)![key])) ?? NaN;
console.log(`${modelPath}, ${rowName}, ${cases.length} pairs, lambda ${lambda}\n`);
console.log('|  | Dice | SDlogJ | folds % | processor s |\n| --- | ---: | ---: | ---: | ---: |');
for (const name of all[0].keys()) {
  const [dice, spread, folds, seconds] = (
    ['dice', 'sdLogJacobian', 'folds', 'seconds'] as const
  ).map((key) => mean(name, key));
  console.log(
    `| ${name} | ${dice.toFixed(3)} | ${spread.toFixed(3)} | ${(100 * folds).toFixed(4)} | ${seconds.toFixed(2)} |`,
  );
}
model.dispose();

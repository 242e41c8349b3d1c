import assert from 'node:assert/strict';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {before, test, type TestContext} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {startEngine} from '../../src/engines/select.js';
import {decodeSafetensors, encodeSafetensors} from '../../src/formats/weights/safetensors.js';
import {readModel} from '../../src/models/model-file.js';
import type {ProgressEvent, StepLosses, ValidationRow} from '../../src/progress.js';
import {readCheckpoint} from '../../src/training/checkpoint.js';
import {openData} from '../../src/training/data.js';
import {recommendFrom} from '../../src/training/recommend.js';
import {train, type TrainOptions} from '../../src/training/train.js';
import {stepsInEvents} from '../support/events.js';
import {temporaryFolder} from '../support/temporary-folder.js';

/** Planes of 16 x 16 voxels and two levels: a step takes milliseconds on the javascript engine. */
const TINY = `
architecture:
  dimensions: 2
  hypernetwork: {layers: 1, units: 4}
  unet: {encoder: [4, 4], decoder: [4, 4]}
  integrationSteps: 2
grid: {shape: [16, 16], spacingMm: null, orientation: null}
sources: [{kind: shapes, maps: 2, labels: 5, scaleVox: 6}]
augmentation: {deformationVox: 1.5, deformationScaleVox: 8, translationVox: 0.5, blurVox: 1}
loss: {similarity: {kind: mse, sigma: 0.2}}
initialisation: balanced
optimiser: {learningRate: 0.005}
steps: 6
logEverySteps: 1
checkpointEverySteps: 2
`;

before(async () => {
  await startEngine({engine: 'javascript'});
});

function optionsFor(output: string, overrides: readonly string[] = []): TrainOptions {
  return {
    config: decodeTrainingConfig(TINY, {where: 'tiny.yaml', overrides}),
    output,
    engine: PORTABLE,
    toolVersion: '0.0.0',
  };
}

async function weightsIn(folder: string): Promise<Map<string, Float32Array>> {
  const {weights} = await readModel(join(folder, 'model.safetensors'));
  return new Map([...weights].map(([name, {data}]) => [name, data]));
}

async function runTwice(t: TestContext): Promise<readonly [string, string]> {
  return [join(await temporaryFolder(t), 'a'), join(await temporaryFolder(t), 'b')];
}

test('equal runs write equal models, whenever and wherever they ran', async (t) => {
  const runs = await runTwice(t);
  for (const run of runs) await train(optionsFor(run));
  const [a, b] = await Promise.all(runs.map((run) => readFile(join(run, 'model.safetensors'))));
  assert.deepEqual(a, b);
});

test('N + M steps equal N steps, a stop, and M resumed ones, bit for bit', async (t) => {
  const [whole, halves] = await runTwice(t);
  assert.equal((await train(optionsFor(whole))).outcome, 'finished');

  const abort = new AbortController();
  const stopped = await train({
    ...optionsFor(halves),
    signal: abort.signal,
    onProgress: (event) => {
      if (event.kind === 'step' && event.step === 3) abort.abort();
    },
  });
  assert.equal(stopped.outcome, 'interrupted');
  assert.equal(stopped.step, 3);
  // What is logged after the checkpoint is forgotten when the run goes on.
  const resumed = await train({...optionsFor(halves), resume: true});
  assert.deepEqual([resumed.outcome, resumed.step], ['finished', 6]);

  assert.deepEqual(await weightsIn(halves), await weightsIn(whole));
  const lossesOf = async (folder: string) =>
    (await readFile(join(folder, 'log.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as {step: number; total: number})
      .map(({step, total}) => [step, total]);
  assert.deepEqual(await lossesOf(halves), await lossesOf(whole));
  for (const folder of [whole, halves]) {
    const events = join(folder, 'events.out.tfevents.hypermorph');
    assert.deepEqual(await stepsInEvents(events), [1, 2, 3, 4, 5, 6]);
  }
});

/** Stop a run after three steps, and go on with it. */
async function trainInHalves(output: string, settings: readonly string[]): Promise<void> {
  const abort = new AbortController();
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'step' && event.step === 3) abort.abort();
  };
  await train({...optionsFor(output, settings), signal: abort.signal, onProgress});
  await train({...optionsFor(output, settings), resume: true});
}

async function validationRows(folder: string): Promise<readonly ValidationRow[]> {
  const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines.flatMap((line) => (JSON.parse(line) as {rows?: ValidationRow[]}).rows ?? []);
}

test('label maps of the sources take part: in the loss, the log, the validation, and bit for bit after a stop', async (t) => {
  const [whole, halves] = await runTwice(t);
  const settings = [
    'loss.labels=0.5',
    'loss.labelsPerStep=2',
    'validation={sources: [{kind: shapes, maps: 2, labels: 5, scaleVox: 6}], pairs: 2, lambdas: [0.1], everySteps: 6}',
  ];
  await train(optionsFor(whole, settings));
  await trainInHalves(halves, settings);
  assert.deepEqual(await weightsIn(halves), await weightsIn(whole));
  const [line] = (await readFile(join(whole, 'log.jsonl'), 'utf8')).split('\n');
  const step = JSON.parse(line) as StepLosses;
  const {total, similarity, labels = NaN, smoothness} = step;
  assert.ok(labels < 0 && Math.abs(total - similarity - labels - smoothness) < 1e-5);
  const [row] = await validationRows(whole);
  assert.ok(row.dice !== undefined && row.dice > 0.2 && row.dice < 1, `${row.dice}`);
  assert.equal(row.hd95Mm, undefined); // the grid has no spacing of its own
  const fit = 0.5 * row.similarity - 0.5 * row.dice;
  assert.ok(Math.abs(row.total - 0.9 * fit - 0.1 * row.smoothness) < 1e-6);
});

const LABELLER = [
  'loss.labels=0.5',
  'architecture.labeller={labels: 4, encoder: [4, 4], decoder: [4, 4, 4]}',
];

test('a labeller learns beside the network: in the loss, the log, the validation, the model, and bit for bit after a stop', async (t) => {
  const [whole, halves] = await runTwice(t);
  const settings = [
    ...LABELLER,
    'labelWeight=0.7',
    'validation={sources: [{kind: shapes, maps: 2, labels: 5, scaleVox: 6}], pairs: 2, lambdas: [0.1], everySteps: 6}',
  ];
  await train(optionsFor(whole, settings));
  await trainInHalves(halves, settings);
  assert.deepEqual(await weightsIn(halves), await weightsIn(whole));
  const [line] = (await readFile(join(whole, 'log.jsonl'), 'utf8')).split('\n');
  const {
    total,
    similarity,
    labels = NaN,
    smoothness,
    labelling = NaN,
  } = JSON.parse(line) as StepLosses;
  assert.ok(labelling > 0);
  assert.ok(Math.abs(total - similarity - labels - smoothness - labelling) < 1e-5);
  const [row] = await validationRows(whole);
  assert.ok(row.labellerDice! >= 0 && row.labellerDice! < 1, `${row.labellerDice}`);
  const {description} = await readModel(join(whole, 'model.safetensors'));
  assert.equal(description.labelWeight, 0.7);
});

test('a labeller begins anew beside the weights of a model that had none', async (t) => {
  const [plain, labelling] = await runTwice(t);
  await train(optionsFor(plain));
  const initial = `initialModel=${join(plain, 'model.safetensors')}`;
  const frozen = 'optimiser.learningRate=1e-30';
  await train(optionsFor(labelling, [...LABELLER, initial, frozen]));
  const [before, after] = [await weightsIn(plain), await weightsIn(labelling)];
  for (const [name, data] of before) assert.deepEqual(after.get(name), data, name);
  assert.ok(after.has('labeller_labels/kernel'));
});

test('a labeller alone is trained beside a network that stays as it is, the best by its own overlap, bit for bit after a stop', async (t) => {
  const folder = await temporaryFolder(t);
  const [plain, whole, halves] = ['plain', 'whole', 'halves'].map((name) => join(folder, name));
  await train(optionsFor(plain));
  const settings = [
    ...LABELLER,
    'trains=labeller',
    `initialModel=${join(plain, 'model.safetensors')}`,
    'validation={sources: [{kind: shapes, maps: 2, labels: 5, scaleVox: 6}], pairs: 2, lambdas: [0.1], everySteps: 3}',
  ];
  await train(optionsFor(whole, settings));
  await trainInHalves(halves, settings);
  const [before, after] = [await weightsIn(plain), await weightsIn(whole)];
  assert.deepEqual(await weightsIn(halves), after);
  for (const [name, data] of before) assert.deepEqual(after.get(name), data, name);
  const {state, moments} = await readCheckpoint(
    join(whole, 'checkpoint.safetensors'),
    optionsFor(whole, settings).config,
  );
  assert.ok([...moments.keys()].every((name) => name.startsWith('labeller_')));
  const overlaps = (await validationRows(whole)).map(({labellerDice}) => labellerDice!);
  assert.ok(Math.abs(state.best! - (1 - Math.max(...overlaps))) < 1e-6);
  const [line] = (await readFile(join(whole, 'log.jsonl'), 'utf8')).split('\n');
  const {total, similarity, labelling} = JSON.parse(line) as StepLosses;
  assert.deepEqual([similarity, labelling], [0, total]);
});

test('a labeller that is trained alone must be there', async (t) => {
  const [output] = await runTwice(t);
  const message =
    'tiny.yaml: trains must be "all" where there is no architecture.labeller, got "labeller".';
  assert.throws(() => optionsFor(output, ['trains=labeller']), {code: 'E_CONFIG', message});
});

test('a labeller of another number of labels than the maps have is refused at the first step', async (t) => {
  const [output] = await runTwice(t);
  const settings = [...LABELLER, 'architecture.labeller.labels=7'];
  await assert.rejects(train(optionsFor(output, settings)), {
    code: 'E_CONFIG',
    message:
      'architecture.labeller.labels must be the number of labels that the maps have in all (4), got 7.',
  });
});

test('a weight of the labels that is drawn is seen, validated, described, and goes on bit for bit after a stop', async (t) => {
  const [whole, halves] = await runTwice(t);
  const settings = [
    'architecture.hyperparameters=2',
    'loss.labels={kind: ends}',
    'recommendedLabels=0.7',
    'batch=2',
    'validation={sources: [{kind: shapes, maps: 1, labels: 5}], pairs: 1, lambdas: [0.1, 0.9], labels: [0, 1], everySteps: 6}',
  ];
  await train(optionsFor(whole, settings));
  await trainInHalves(halves, settings);
  const models = await Promise.all(
    [whole, halves].map((run) => readFile(join(run, 'model.safetensors'))),
  );
  assert.deepEqual(models[1], models[0]);
  const {description} = await readModel(join(whole, 'model.safetensors'));
  const rows = await validationRows(whole);
  assert.deepEqual(description.hyperparameters, [
    {name: 'lambda', minimum: 0, maximum: 1, recommended: recommendFrom(rows)!.lambda},
    {name: 'labels', minimum: 0, maximum: 1, recommended: 0.7},
  ]);
  assert.deepEqual(
    rows.map(({lambda, labels}) => [lambda, labels]),
    [
      [0.1, 0],
      [0.9, 0],
      [0.1, 1],
      [0.9, 1],
    ],
  );
  for (const {lambda, labels = NaN, dice = NaN, total, similarity, smoothness} of rows) {
    const fit = (1 - labels) * similarity - labels * dice;
    assert.ok(Math.abs(total - (1 - lambda) * fit - lambda * smoothness) < 1e-6);
  }
  const events = await readFile(join(whole, 'events.out.tfevents.hypermorph'), 'latin1');
  assert.ok(events.includes('validation_dice/lambda_0.9_labels_1'));
});

test('a weight of the labels that is always one trains as that number, and without any input for it', async (t) => {
  const [number, distribution] = await runTwice(t);
  await train(optionsFor(number, ['loss.labels=0.5']));
  await train(optionsFor(distribution, ['loss.labels={kind: fixed, value: 0.5}']));
  assert.deepEqual(await weightsIn(distribution), await weightsIn(number));
});

test('an interrupted run leaves a model that loads and says what it is', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const abort = new AbortController();
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'step') abort.abort();
  };
  const summary = await train({...optionsFor(output), signal: abort.signal, onProgress});
  assert.deepEqual([summary.outcome, summary.step], ['interrupted', 1]);
  const {description} = await readModel(summary.model);
  assert.equal(description.provenance.steps, 1);
  assert.equal(description.stages, undefined);
  assert.equal(description.hyperparameters[0].name, 'lambda');
  assert.deepEqual(description.grid.trainingShape, [16, 16]);
});

test('a model says what its configuration asks of a registration', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const stages = {affine: 'auto', refine: 'none', keep: 'last'};
  const summary = await train(optionsFor(output, [`stages=${JSON.stringify(stages)}`, 'steps=1']));
  assert.deepEqual((await readModel(summary.model)).description.stages, stages);
});

test('planes of the default orientation train, and their model loads', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const grid = 'grid={shape: [16, 16]}';
  const summary = await train(optionsFor(output, [grid, 'steps=1']));
  assert.equal((await readModel(summary.model)).description.grid.orientation, 'RA');
});

test('what a model cannot say is told before the first step', async (t) => {
  const options = optionsFor(join(await temporaryFolder(t), 'run'));
  const config = {...options.config, grid: {...options.config.grid, orientation: 'XY'}};
  const events: string[] = [];
  const onProgress = ({kind}: ProgressEvent) => events.push(kind);
  await assert.rejects(train({...options, config, onProgress}), {code: 'E_WEIGHTS'});
  assert.deepEqual(events, []);
});

test('a training leaves no tensor behind', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const tensors = tf.memory().numTensors;
  await train(optionsFor(output, ['steps=2']));
  assert.equal(tf.memory().numTensors, tensors);
});

test('a loss that is no longer finite stops the run with the pair and the step; the last good checkpoint stays', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const overrides = ['optimiser.learningRate=1e18', 'checkpointEverySteps=1', 'steps=30'];
  await train(optionsFor(output, ['steps=1', 'checkpointEverySteps=1']));
  await assert.rejects(train({...optionsFor(output, overrides), resume: true}), (error: Error) => {
    assert.equal((error as Error & {code: string}).code, 'E_RANGE');
    assert.match(
      error.message,
      /^training: (the loss|weight \S+) must be finite, got \S+ (in|after) step \d+/,
    );
    return true;
  });
  assert.ok((await readModel(join(output, 'model.safetensors'))).weights.size > 0);
  const {state} = await readCheckpoint(
    join(output, 'checkpoint.safetensors'),
    optionsFor(output).config,
  );
  assert.ok(state.step >= 1);
});

test('validation is logged, and the model that did best is kept', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const validation =
    'validation={sources: [{kind: shapes, maps: 1}], pairs: 2, everySteps: 3, lambdas: [0, 1]}';
  const summary = await train(optionsFor(output, [validation]));
  assert.equal(summary.best, join(output, 'best.safetensors'));
  assert.ok((await readModel(summary.best)).weights.size > 0);
  assert.deepEqual(await validatedSteps(output), [3, 6]);
  const lambdas = (await validationRows(output)).map(({lambda}) => lambda);
  assert.deepEqual(lambdas, [0, 1, 0, 1]);
});

test('a model recommends what the last validation chose, also where the run was stopped since', async (t) => {
  const [whole, halves] = await runTwice(t);
  const settings = [
    'validation={sources: [{kind: shapes, maps: 1, labels: 5}], pairs: 1, lambdas: [0.1, 0.9], everySteps: 2}',
    'steps=9',
  ];
  const stop = (output: string, at: number, resume: boolean) => {
    const abort = new AbortController();
    const onProgress = (event: ProgressEvent) => {
      if (event.kind === 'step' && event.step === at) abort.abort();
    };
    return train({...optionsFor(output, settings), signal: abort.signal, onProgress, resume});
  };
  await stop(whole, 5, false);
  await stop(halves, 3, false);
  await stop(halves, 5, true);
  const models = await Promise.all(
    [whole, halves].map((run) => readFile(join(run, 'model.safetensors'))),
  );
  assert.deepEqual(models[1], models[0]);
  const rows = (await validationRows(whole)).slice(-2);
  const {description} = await readModel(join(whole, 'model.safetensors'));
  assert.equal(description.hyperparameters[0].recommended, recommendFrom(rows)!.lambda);
});

const VALIDATION =
  'validation={sources: [{kind: shapes, maps: 1}], pairs: 2, everySteps: 4, lambdas: [0, 1]}';

async function validatedSteps(folder: string): Promise<number[]> {
  const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as {kind: string; step: number})
    .filter(({kind}) => kind === 'validation')
    .map(({step}) => step);
}

test('trainings of other seeds are validated on the same pairs', async () => {
  const pairsOf = async (...overrides: readonly string[]) => {
    const {config, engine} = optionsFor('', [VALIDATION, ...overrides]);
    return (await openData({config, engine})).validation;
  };
  const first = await pairsOf('seed=1');
  assert.deepEqual(await pairsOf('seed=2'), first);
  assert.notDeepEqual(await pairsOf('seed=1', 'validation.seed=2'), first);
});

test('the last step is validated too, so that the best model may be the last', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  await train(optionsFor(output, [VALIDATION]));
  assert.deepEqual(await validatedSteps(output), [4, 6]);
});

test('a validation that is interrupted is given up, and done when the run goes on', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const abort = new AbortController();
  const stopped = await train({
    ...optionsFor(output, [VALIDATION]),
    signal: abort.signal,
    onProgress: (event) => {
      if (event.kind === 'step' && event.step === 4) setImmediate(() => abort.abort());
    },
  });
  assert.deepEqual([stopped.outcome, stopped.step, stopped.best], ['interrupted', 4, null]);
  assert.deepEqual(await validatedSteps(output), []);
  const resumed = await train({...optionsFor(output, [VALIDATION]), resume: true});
  assert.notEqual(resumed.best, null);
  assert.deepEqual(await validatedSteps(output), [4, 6]);
});

test('the way on from a loss that is not finite names a checkpoint only where there is one', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const diverging = ['optimiser.learningRate=1e18', 'steps=30'];
  await assert.rejects(train(optionsFor(output, [...diverging, 'checkpointEverySteps=50'])), {
    code: 'E_RANGE',
    hint: 'Lower optimiser.learningRate and start again; there is no checkpoint yet.',
  });
  await train(optionsFor(output, ['steps=1']));
  await assert.rejects(train({...optionsFor(output, diverging), resume: true}), {
    code: 'E_RANGE',
    hint: `The last good checkpoint stays in ${join(output, 'checkpoint.safetensors')}; lower optimiser.learningRate and resume the run.`,
  });
});

test('a run is never overwritten, and one that is not there is not resumed', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  await assert.rejects(train({...optionsFor(output), resume: true}), {
    code: 'E_USAGE',
    message: `train: the folder to resume must hold a checkpoint, got ${output} without ${join(output, 'checkpoint.safetensors')}.`,
  });
  await train(optionsFor(output, ['steps=1']));
  await assert.rejects(train(optionsFor(output)), {
    code: 'E_USAGE',
    message: `train: the output folder must not hold another run, got ${output}.`,
  });
});

test('a checkpoint of another architecture is refused by the setting that differs', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  await train(optionsFor(output, ['steps=1']));
  await assert.rejects(
    train({...optionsFor(output, ['architecture.unet.encoder[1]=6']), resume: true}),
    {
      code: 'E_CONFIG',
      message: /architecture\.unet\.encoder must stay \[4,4\] where a run is resumed, got \[4,6\]/,
    },
  );
});

test('a run can start from the weights of another model', async (t) => {
  const [first, second] = await runTwice(t);
  await train(optionsFor(first, ['steps=2']));
  const start = `initialModel=${join(first, 'model.safetensors')}`;
  await train(optionsFor(second, [start, 'steps=1', 'optimiser.learningRate=1e-12']));
  const [a, b] = [await weightsIn(first), await weightsIn(second)];
  for (const [name, data] of a) {
    assert.ok(
      data.every((value, n) => Math.abs(value - b.get(name)![n]) < 1e-6),
      name,
    );
  }
});

test('what gives the weights their meaning stays in a resumed run; what may change is kept as history', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  await train(optionsFor(output, ['steps=2']));
  const before = await readFile(join(output, 'checkpoint.safetensors'));
  for (const [override, path] of [
    ['grid.spacingMm=[1, 1]', 'grid.spacingMm'],
    ['normalisation.kind=minmax', 'normalisation'],
    ['loss.similarity={kind: lncc}', 'loss.similarity'],
    ['loss.penalty=l1', 'loss.penalty'],
    ['lambda={kind: uniform}', 'lambda'],
    ['architecture.integrationSteps=3', 'architecture.integrationSteps'],
  ]) {
    await assert.rejects(
      train({...optionsFor(output, [override, 'steps=4']), resume: true}),
      (error: Error & {code: string}) =>
        error.code === 'E_CONFIG' &&
        error.message.startsWith(`train: ${path}`) &&
        /must stay .* where a run is resumed, got/.test(error.message),
      override,
    );
  }
  assert.deepEqual(await readFile(join(output, 'checkpoint.safetensors')), before);
  await train({...optionsFor(output, ['steps=3', 'optimiser.learningRate=0.001']), resume: true});
  const {model} = await train({...optionsFor(output, ['steps=4', 'batch=2']), resume: true});
  const {provenance} = (await readModel(model)).description;
  assert.deepEqual(provenance.history, [
    {step: 2, settings: {'optimiser.learningRate': [0.005, 0.001], steps: [2, 3]}},
    {step: 3, settings: {'optimiser.learningRate': [0.001, 0.005], steps: [3, 4], batch: [1, 2]}},
  ]);
});

test('a checkpoint of a version that lacked a setting goes on with its default', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  await train(optionsFor(output, ['steps=2']));
  const path = join(output, 'checkpoint.safetensors');
  const {tensors, metadata} = decodeSafetensors(await readFile(path), path);
  const [[key, text]] = Object.entries(metadata);
  const earlier = text.replaceAll(/"labels(PerStep)?":\d+,?/g, '').replace(',}', '}');
  assert.notEqual(earlier, text);
  await writeFile(path, encodeSafetensors(tensors, {metadata: {[key]: earlier}}));
  const {step} = await train({...optionsFor(output, ['steps=3']), resume: true});
  assert.equal(step, 3);
});

test('a checkpoint that is not as it was written is refused: its state, its numbers, its text', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const options = optionsFor(output, ['steps=2']);
  await train(options);
  const path = join(output, 'checkpoint.safetensors');
  const bytes = await readFile(path);
  const text = bytes.toString('latin1');
  const mutants: Buffer[] = [];
  for (const [from, to] of [
    ['\\"step\\":2', '\\"step\\":-2'],
    ['\\"step\\":2', '\\"step\\":.5'],
    ['\\"step\\":2', '\\"step\\":{}'],
    ['\\"step\\":2', '\\"step\\":"2"'],
    ['\\"random\\":[', '\\"random\\":[7,'],
    ['{\\"formatVersion', 'null{\\"formatVersion'],
    ['\\"formatVersion\\":2', '\\"formatVersion\\":1'],
  ]) {
    assert.ok(text.includes(from), from);
    const changed = Buffer.from(text.replace(from, to), 'latin1');
    changed.writeBigUInt64LE(bytes.readBigUInt64LE(0) + BigInt(to.length - from.length), 0);
    mutants.push(changed);
  }
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  for (let n = 0; n < 40; n++) {
    const flipped = Buffer.from(bytes);
    const at = start + Math.floor((n * (bytes.length - start)) / 40);
    flipped[at] ^= 1 << (n % 8);
    mutants.push(flipped);
  }
  for (const mutant of mutants) {
    await writeFile(path, mutant);
    await assert.rejects(train({...options, resume: true}), {
      name: 'HypermorphError',
      code: 'E_WEIGHTS',
    });
  }
  await writeFile(path, bytes);
  await train({...options, resume: true});
});

test('two runs do not share a folder; what a killed run left behind is taken over and cleared', async (t) => {
  const output = join(await temporaryFolder(t), 'run');
  const both = await Promise.allSettled([train(optionsFor(output)), train(optionsFor(output))]);
  const failed = both.filter((one) => one.status === 'rejected');
  assert.equal(failed.length, 1);
  const error = failed[0].reason as Error & {code: string};
  assert.equal(error.code, 'E_USAGE');
  assert.equal(
    error.message,
    `train: the output folder must not be that of a run that goes on, got ${output}.`,
  );
  assert.ok(!(await readdir(output)).includes('run.lock'));
  // A process that ended, and what it was writing.
  await writeFile(join(output, 'run.lock'), `999999999 ${hostname()}\n`);
  await writeFile(join(output, '.tmp-0123abcd-0'), 'half');
  await train({...optionsFor(output), resume: true});
  assert.ok(
    (await readdir(output)).every((name) => name !== 'run.lock' && !name.startsWith('.tmp-')),
  );
  await writeFile(join(output, 'run.lock'), '1 another-machine\n');
  await assert.rejects(train({...optionsFor(output), resume: true}), {
    code: 'E_USAGE',
    hint: /run\.lock if that run has ended on another machine/,
  });
});

import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {decode} from 'fast-png';
import {lineChart} from '../../src/pages/chart.js';
import {noBrowser, openPage} from '../support/browser.js';
import {runCli} from '../support/cli.js';
import {stepsInEvents} from '../support/events.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const TINY = `
architecture:
  dimensions: 2
  hypernetwork: {layers: 1, units: 4}
  unet: {encoder: [4, 4], decoder: [4, 4]}
grid: {shape: [16, 16]}
steps: 4
logEverySteps: 2
sources: [{kind: shapes, maps: 2, labels: 5, scaleVox: 6}]
augmentation: {deformationVox: 1, deformationScaleVox: 8}
validation: {sources: [{kind: shapes, maps: 1, labels: 5, scaleVox: 6}], everySteps: 2, pairs: 1, lambdas: [0.1, 0.9]}
`;

async function trained(t: TestContext, ...settings: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'tiny.yaml'), TINY);
  const output = join(folder, 'run');
  const {code, stderr} = await runCli([
    ...['train', '--config', join(folder, 'tiny.yaml'), '--output', output],
    ...['--engine', 'javascript', ...settings.flatMap((setting) => ['--set', setting])],
  ]);
  assert.equal(code, 0, stderr);
  return output;
}

const pointsOf = (text: string) =>
  [...text.matchAll(/points="([^"]*)"/g)].map(([, points]) =>
    points.split(' ').map((point) => point.split(',').map(Number)),
  );

test('a line of a chart goes through its points, up where they are larger', () => {
  const series = [
    {
      name: 'a',
      points: [
        [0, 1],
        [1, 3],
        [2, 2],
      ] as const,
    },
  ];
  const [[first, second, third]] = pointsOf(lineChart({title: 't', xName: 'x', series}).text);
  assert.ok(first[0] < second[0] && second[0] < third[0]);
  assert.ok(second[1] < third[1] && third[1] < first[1]);
  assert.ok(Math.abs(first[1] + second[1] - 2 * third[1]) < 0.2); // 2 lies half way from 1 to 3
});

test('many points become fewer, and what is no number none', () => {
  const points = Array.from({length: 5000}, (_, n) => [n, n === 7 ? NaN : n] as const);
  const [line] = pointsOf(lineChart({title: 't', xName: 'x', series: [{name: 'a', points}]}).text);
  assert.ok(line.length <= 400 && line.flat().every(Number.isFinite));
  assert.match(lineChart({title: 'none', xName: 'x', series: []}).text, /<svg/);
});

test('a training leaves events for TensorBoard and a page with its curves', async (t) => {
  const output = await trained(t);
  const events = join(output, 'events.out.tfevents.hypermorph');
  assert.deepEqual(await stepsInEvents(events), [2, 2, 4, 4]); // steps and validations
  const page = await readFile(join(output, 'report.html'), 'utf8');
  assert.match(page, /step 4 of 4/);
  assert.match(page, /<img src="data:image\/png;base64,/);
  const {width, height} = decode(await readFile(join(output, 'validation.png')));
  assert.ok(width >= 900 && height > 400);
  for (const name of ['Dice', 'Smoothness loss', 'Learning rate', 'lambda 0.9', 'shapes']) {
    assert.ok(page.includes(name), name);
  }
  assert.doesNotMatch(page, /https?:|<script/);
});

test('the page and the log of a network that sees the weight of the labels tell its values apart', async (t) => {
  const output = await trained(
    t,
    ...[
      'architecture.hyperparameters=2',
      'loss.labels={kind: uniform}',
      'validation.labels=[0, 1]',
    ],
  );
  const page = await readFile(join(output, 'report.html'), 'utf8');
  for (const name of ['last (step 4), labels 0', 'lambda 0.9, labels 1', 'lambda 0.1, labels 0']) {
    assert.ok(page.includes(name), name);
  }
});

test('the page of a training asks nobody for anything', {skip: noBrowser}, async (t) => {
  const output = await trained(t);
  const {faults, charts} = await openPage(join(output, 'report.html'), async (page) => ({
    charts: await page.evaluate("document.querySelectorAll('svg polyline').length"),
  }));
  assert.deepEqual(faults, []);
  assert.ok((charts as number) >= 10);
});

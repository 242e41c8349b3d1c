import assert from 'node:assert/strict';
import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, test, type TestContext} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {contactSheet, type SheetPair} from '../../src/pages/contact-sheet.js';
import {noBrowser, openPage} from '../support/browser.js';
import {runCli} from '../support/cli.js';
import {seededRandom} from '../support/random.js';
import {MOVING, workspace} from '../support/register-workspace.js';
import {blobs, imageOf} from '../support/volumes.js';

const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

/** A folder with four pairs in pairs.csv: one alike, one of noise, one missing, one farther away. It is the current one. */
async function pairsFolder(t: TestContext): Promise<string> {
  const {folder} = await workspace(t);
  process.chdir(folder);
  const geometry = geometryFromGrid(MOVING);
  const next = seededRandom(7);
  await writeImage('alike.nii', {...imageOf(MOVING, blobs), geometry});
  await writeImage('far.nii', {...imageOf(MOVING, ([x, y, z]) => blobs([x + 6, y, z])), geometry});
  await writeImage('noise.nii', {...imageOf(MOVING, () => next()), geometry});
  const rows = ['alike', 'noise', 'missing', 'far'].map((name) => `${name},fixed.nii,${name}.nii`);
  await writeFile('pairs.csv', `name,fixed,moving\n${rows.join('\n')}\n`);
  return folder;
}

const batch = (...options: string[]) =>
  runCli([
    ...['batch', 'pairs.csv', '--model', 'none', '--engine', 'javascript', '--affine', 'none'],
    ...['--refine', 'none', '--qc', 'pages', ...options],
  ]);

const sheetIn = (folder: string) => readFile(join(folder, 'index.html'), 'utf8');

/** Names of the cards, in their order. */
const namesOn = (sheet: string) =>
  [...sheet.matchAll(/<h3>(?:<a[^>]*>)?([^<]+)/g)].map(([, name]) => name);

test('each pair has a page, and the contact sheet shows the worst first; what is done is not done again', async (t) => {
  await pairsFolder(t);
  const {code, stdout} = await batch();
  assert.equal(code, 5);
  assert.match(stdout, /^contact sheet +pairs_batch[/\\]index\.html$/m);
  assert.deepEqual(await readdir('pages'), ['alike.html', 'far.html', 'noise.html']);
  assert.deepEqual(await readdir('pairs_batch/thumbnails'), ['alike.png', 'far.png', 'noise.png']);
  const sheet = await sheetIn('pairs_batch');
  assert.deepEqual(namesOn(sheet), ['missing', 'noise', 'far', 'alike']);
  assert.match(sheet, /missing\.nii: cannot be read/);
  assert.match(sheet, /href="\.\.\/pages\/noise\.html"/);

  const again = await batch();
  assert.match(again.stdout, /^registered +0$/m);
  assert.equal(await sheetIn('pairs_batch'), sheet);
  await rm('pages/far.html');
  assert.match((await batch()).stdout, /^registered +1$/m);
  assert.equal(await sheetIn('pairs_batch'), sheet);
});

test('shards together make the contact sheet of the whole', async (t) => {
  await pairsFolder(t);
  const options = ['--folder', 'shards'];
  await batch('--shard', '1/2', ...options);
  assert.deepEqual(namesOn(await sheetIn('shards')), ['missing', 'alike', 'noise', 'far']);
  await batch('--shard', '2/2', ...options);
  await batch('--folder', 'whole');
  const whole = await sheetIn('whole');
  assert.equal((await sheetIn('shards')).replaceAll('shards', 'whole'), whole);
});

test('without pages there is no contact sheet', async (t) => {
  await pairsFolder(t);
  await batch('--qc', 'pages/{name}.png');
  assert.deepEqual(await readdir('pages'), ['alike.png', 'far.png', 'noise.png']);
  await runCli([
    ...['batch', 'pairs.csv', '--model', 'none', '--engine', 'javascript', '--affine', 'none'],
    ...['--refine', 'none', '--folder', 'plain'],
  ]);
  assert.ok(!(await readdir('plain')).includes('index.html'));
});

test(
  'a browser shows the contact sheet and asks for nothing but its thumbnails',
  {skip: noBrowser},
  async (t) => {
    const folder = await pairsFolder(t);
    await batch();
    const {faults, broken, count} = await openPage(
      join(folder, 'pairs_batch', 'index.html'),
      async (page) => {
        const images = '[...document.images]';
        await page.evaluate(`Promise.all(${images}.map((image) => image.decode()))`);
        return {
          broken: await page.evaluate(`${images}.filter((image) => !image.naturalWidth).length`),
          count: await page.evaluate(`${images}.length`),
        };
      },
    );
    assert.deepEqual(faults, []);
    assert.deepEqual([broken, count], [0, 3]);
  },
);

test('the contact sheet of a thousand pairs has no picture in it', () => {
  const states = ['good', 'doubtful', 'failed'] as const;
  const pairs = Array.from({length: 1000}, (_, n): SheetPair => {
    const name = `sub-${n}`;
    const [page, thumbnail] = [`${name}.html`, `thumbnails/${name}.png`];
    const facts = [{name: 'Overlap', value: '97 %'}];
    const known = {similarity: n / 1000, warnings: 0, reasons: [], facts};
    return {...known, name, page, thumbnail, state: states[n % 3]};
  });
  const sheet = contactSheet({title: 'batch', pairs, version: '1'}, {style: ''});
  assert.ok(sheet.length < 1e6);
  assert.deepEqual(namesOn(sheet).slice(0, 2), ['sub-2', 'sub-5']);
  assert.equal(namesOn(sheet).length, 1000);
});

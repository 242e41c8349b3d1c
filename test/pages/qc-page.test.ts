import assert from 'node:assert/strict';
import {readFile, stat} from 'node:fs/promises';
import {test} from 'node:test';
import {decode} from 'fast-png';
import {markup} from '../../src/pages/html.js';
import {noBrowser, openPage} from '../support/browser.js';
import {workspace} from '../support/register-workspace.js';

test('what is filled into HTML is text, whatever it holds', () => {
  const name = '<img src=x onerror="alert(1)">&\'';
  const {text} = markup`<p title="${name}">${[name, null, markup`<b>${1}</b>`]}</p>`;
  const escaped = '&#60;img src=x onerror=&#34;alert(1)&#34;&#62;&#38;&#39;';
  assert.equal(text, `<p title="${escaped}">${escaped}<b>1</b></p>`);
});

test('register writes a page in one piece that says how it was made', async (t) => {
  const {path, register} = await workspace(t);
  const page = path('page.html');
  const {code, stdout} = await register('--qc', page, '-o', path('moved.nii'), '--lambda', '0.4');
  assert.equal(code, 0);
  assert.match(stdout, /^qc +.*page\.html$/m);
  const text = await readFile(page, 'utf8');
  assert.doesNotMatch(text, /https?:|<link rel="stylesheet"|src="(?!data:)/);
  for (const word of ['Radiological', 'lambda 0.4', 'javascript engine', 'moved.nii', 'Folds']) {
    assert.ok(text.includes(word), word);
  }
  assert.ok((await stat(page)).size < 3e6);
});

test('labels of both images are compared on the page, and nowhere else', async (t) => {
  const {path, register} = await workspace(t);
  const labels = ['--labels', `${path('labels.nii')}:${path('moved.nii')}`];
  const both = [...labels, '--fixed-labels', path('labels.nii')];
  const {code} = await register('--qc', path('page.html'), ...both);
  assert.equal(code, 0);
  const text = await readFile(path('page.html'), 'utf8');
  assert.match(text, /Dice<\/h2><p class="value">[01]\.\d{3} → [01]\.\d{3}</);
  assert.match(text, /id="labels-fixed"/);
  assert.match(text, /of the moving image, and of their labels/);
  const {code: without, stderr} = await register(...both);
  assert.equal(without, 2);
  assert.match(stderr, /--labels and --qc must be given with --fixed-labels/);
});

test('a page must be called so', async (t) => {
  const {path, register} = await workspace(t);
  const {code, stderr} = await register('--qc', path('page.pdf'));
  assert.equal(code, 2);
  assert.match(stderr, /page\.pdf: the name of a page to look at must end in \.html or \.png\./);
});

test(
  'in a browser all pictures are there, slider and flicker go from one to the other',
  {skip: noBrowser},
  async (t) => {
    const {path, register} = await workspace(t);
    const labels = `${path('labels.nii')}:${path('labels_moved.nii')}`;
    const {code} = await register('--qc', path('page.html'), '--labels', labels);
    assert.equal(code, 0);
    const seen = await openPage(path('page.html'), async (page) => {
      await page.waitForFunction("document.body.dataset.ready === 'true'");
      const shown = () => page.evaluate('document.body.dataset.shown') as Promise<string>;
      const pictures = () =>
        page.evaluate(
          "[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()",
        ) as Promise<string>;
      const broken = await page.evaluate(
        '[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length',
      );
      const letters = await page.evaluate(
        "[...document.querySelectorAll('.frame')].map((frame) => frame.innerText.replace(/\\s/g, ''))",
      );
      await page.select('#layer-b', 'headers');
      const middle = await pictures();
      const first = await shown();
      await page.focus('#swipe');
      await page.keyboard.press('Home');
      const right = await pictures();
      await page.keyboard.press('End');
      const left = await pictures();
      await page.keyboard.press('f');
      const flickers = new Set<string>();
      for (let n = 0; n < 20; n++) {
        flickers.add(await shown());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await page.keyboard.press('s');
      await page.keyboard.press('g');
      const withGrid = await pictures();
      await page.keyboard.press('l');
      const withLabels = await pictures();
      return {broken, letters, first, middle, right, left, flickers, withGrid, withLabels};
    });
    assert.deepEqual(seen.faults, []);
    assert.equal(seen.broken, 0);
    assert.deepEqual(seen.letters, ['RLAP', 'RLSI', 'APSI']);
    assert.equal(seen.first, 'fixed|headers');
    const {middle, right, left, withGrid, withLabels} = seen;
    assert.equal(new Set([middle, right, left, withGrid, withLabels]).size, 5);
    assert.deepEqual([...seen.flickers].sort(), ['fixed', 'headers']);
  },
);

test('a page that is called as a picture is one', async (t) => {
  const {path, register} = await workspace(t);
  const {code} = await register('--qc', path('page.png'), '-o', path('moved.nii'));
  assert.equal(code, 0);
  const {width, height, data, channels} = decode(await readFile(path('page.png')));
  assert.ok(width >= 900 && height > 600);
  assert.equal(channels, 3);
  // Texts are white on the ground above, slices below.
  const bright = (row: number) =>
    data.subarray(3 * width * row, 3 * width * (row + 1)).filter((value) => value > 250).length;
  assert.ok(Array.from({length: 40}, (_, row) => bright(row)).some((count) => count > 30));
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  GOLDEN_CASE_COUNT,
  goldenCase,
  goldenCases,
  goldenInputs,
  goldenOutput,
  goldenOutputs,
  isAvailable,
} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';

const report = () => new GoldenReport(['layers', 'models']);

test('the manifest lists every case, and all of layers, transforms and losses are present', () => {
  assert.equal(goldenCases().length, GOLDEN_CASE_COUNT);
  for (const group of ['layers', 'transforms', 'losses'] as const) {
    assert.ok(goldenCases(group).every(isAvailable), group);
  }
});

test('every array of every case that is present is read with its shape', () => {
  for (const golden of goldenCases().filter(isAvailable)) {
    for (const tensor of Object.values(goldenInputs(golden))) {
      assert.equal(
        tensor.shape.reduce((a, b) => a * b, 1),
        tensor.data.length,
      );
    }
    if (golden.works) assert.equal(goldenOutputs(golden).size >= 0, true);
  }
});

test('a field that equals another one is found under both names', () => {
  const golden = goldenCase('hyper3d_svf2_int2_steps0');
  assert.equal(goldenOutput(golden, 'pos_flow.0').data, goldenOutput(golden, 'svf.0').data);
});

test('the exact result replaces a stored one that is mostly rounding noise', () => {
  const expected = goldenOutput(goldenCase('ncc_flat'), 'grad');
  assert.equal(expected.source, 'exact');
  assert.equal(expected.atol, 1.4e-7);
});

test('a report passes what is within the tolerance and fails what is beyond, not a number or of another shape', () => {
  const golden = goldenCase('c3_same');
  const {shape, data, atol} = goldenOutput(golden, 'y');
  const changed = (value: number) => ({shape, data: data.with(5, value)});
  report().check('engine', golden, 'y', {shape, data});
  report().check('engine', golden, 'y', changed(data[5] + 0.5 * atol));
  const table = report();
  assert.throws(
    () => table.check('engine', golden, 'y', changed(data[5] + 2 * atol)),
    /c3_same: y on engine: got .* at element 5 of/,
  );
  assert.throws(() => table.check('engine', golden, 'y', changed(NaN)), /off by Infinity/);
  assert.throws(
    () => table.check('engine', golden, 'y', {shape: [data.length], data}),
    /c3_same: y on engine: shape/,
  );
  assert.match(table.table(), /layers +c3_same +FAIL Infinity y of 3/);
});

test('the table names every case, with skips and their reasons, and tells which did not run', () => {
  const table = report();
  const refused = goldenCase('c3_causal');
  table.pass('engine', refused, 'refused here too');
  table.skip('engine', goldenCase('c3_same'), 'a reason');
  const text = table.table();
  assert.match(text, /^Golden sets present: /);
  assert.match(text, /c3_causal +pass: refused here too/);
  assert.match(text, /c3_same +skipped: a reason/);
  assert.match(text, /c3_valid +did not run/);
  assert.ok(table.missing('engine').includes('c3_valid'));
  assert.ok(!table.missing('engine').includes('c3_causal'));
});

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints} from '../../src/transforms/apply.js';
import {largestDistance} from '../support/transforms.js';

/** Written by scripts/reference/elastix_transforms.py: what elastix registered, blobs and real brains, and where transformix takes points by it. */
const FOLDER = join(import.meta.dirname, '../fixtures/transforms/elastix');
const {points, mapped} = JSON.parse(readFileSync(join(FOLDER, 'points.json'), 'utf8')) as {
  points: Triple[];
  mapped: Record<string, Triple[]>;
};

/** transformix writes six decimals. */
const POINTS_MM = 1e-5;

for (const [kind, expected] of Object.entries(mapped)) {
  test(`the ${kind} transform of elastix takes points where transformix does`, async () => {
    const {transform, warnings} = await readTransform(join(FOLDER, `${kind}.txt`));
    assert.deepEqual(warnings, []);
    assert.ok(largestDistance(mapPoints(transform, points), expected) < POINTS_MM);
    assert.ok(largestDistance(points, expected) > 1);
  });
}

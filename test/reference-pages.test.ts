import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {renderReferencePages, REPOSITORY} from '../scripts/reference-pages.js';
import {ERROR_CODES} from '../src/errors.js';

for (const [path, content] of renderReferencePages()) {
  test(`${path} says what the code says (else: node --import tsx scripts/reference-pages.ts)`, () => {
    assert.equal(readFileSync(join(REPOSITORY, path), 'utf8'), content);
  });
}

test('every code of an error is used, and no other', () => {
  const source = join(REPOSITORY, 'src');
  const used = new Set(
    readdirSync(source, {recursive: true, encoding: 'utf8'})
      .filter(
        (path) => path.endsWith('.ts') && path !== 'errors.ts' && !path.startsWith('cli/exit'),
      )
      .flatMap((path) => readFileSync(join(source, path), 'utf8').match(/'E_[A-Z]+'/g) ?? []),
  );
  assert.deepEqual(
    [...used].sort(),
    Object.keys(ERROR_CODES)
      .map((code) => `'${code}'`)
      .sort(),
  );
});

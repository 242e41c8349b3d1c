import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';

const ROOT = join(import.meta.dirname, '..');

const pages = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'data/README.md', 'examples/README.md'],
  ...readdirSync(join(ROOT, 'docs'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The files that a page links to, as paths in the repository. */
function linksOf(page: string): string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => join(dirname(page), target));
}

test('every link to a file in the documentation leads to one', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((target) => !existsSync(join(ROOT, target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('every page is reached from docs/README.md; a link to a folder reaches what lies in it', () => {
  const reached = new Set(['docs/README.md']);
  for (const page of reached) {
    for (const target of linksOf(page)) {
      for (const one of pages) if (one === target || dirname(one) === target) reached.add(one);
    }
  }
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});

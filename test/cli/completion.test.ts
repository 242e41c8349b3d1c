import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test, type TestContext} from 'node:test';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';

/** A command line up to the cursor, and some of the words that may complete it. */
const CASES: readonly (readonly [
  line: string,
  words: readonly string[],
  never: readonly string[],
])[] = [
  ['hypermorph ', ['register', 'batch', 'completion', 'help'], ['--lambda']],
  ['hypermorph reg', ['register'], ['batch']],
  ['hypermorph register --in', ['--inverse-warp'], ['--json']],
  ['hypermorph register --engine ', ['auto', 'native', 'javascript'], ['--engine', 'pretty']],
  ['hypermorph register --log-format j', ['json'], ['pretty', 'javascript']],
  ['hypermorph completion ', ['bash', 'zsh', 'fish'], ['auto']],
  ['hypermorph help ba', ['batch'], ['register']],
];
/** Where no word is known, files are. */
const FILES: readonly string[] = [
  'hypermorph register fix',
  'hypermorph register --warp fix',
  'hypermorph info fix',
];

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** Check what a shell offers, given the script. */
async function check(
  t: TestContext,
  shell: string,
  offer: (line: string, folder: string) => readonly string[],
): Promise<void> {
  const folder = await temporaryFolder(t);
  const {code, stdout, stderr} = await runCli(['completion', shell]);
  assert.equal(code, 0, stderr);
  await writeFile(join(folder, 'script'), stdout);
  await writeFile(join(folder, 'fixed.nii.gz'), '');
  for (const [line, words, never] of CASES) {
    const offered = offer(line, folder);
    for (const word of words) assert.ok(offered.includes(word), `${line}: ${offered.join(' ')}`);
    for (const word of never) assert.ok(!offered.includes(word), `${line}: ${word}`);
  }
  for (const line of FILES) assert.deepEqual(offer(line, folder), ['fixed.nii.gz'], line);
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

describe('completion', () => {
  test('of bash, as its function answers', {skip: has('bash') ? false : 'bash is not here'}, (t) =>
    check(t, 'bash', (line, cwd) => {
      const words = line.split(' ');
      // Readline offers files where the function has no answer (-o default).
      const program = `source ./script
        COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
        _hypermorph
        if ((\${#COMPREPLY[@]})); then printf '%s\\n' "\${COMPREPLY[@]}"; else compgen -f -- '${words.at(-1)}'; fi`;
      return lines(execFileSync('bash', ['-c', program], {cwd, encoding: 'utf8'}));
    }),
  );

  test('of bash after an equals sign, where it cuts words', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'script'), (await runCli(['completion', 'bash'])).stdout);
    const offer = (words: string, at: number) =>
      execFileSync(
        'bash',
        [
          '-c',
          `source ./script; COMP_WORDS=(${words}) COMP_CWORD=${at}; _hypermorph; echo "\${COMPREPLY[@]}"`,
        ],
        {cwd: folder, encoding: 'utf8'},
      ).trim();
    assert.equal(offer('hypermorph register --engine =', 3), 'auto tensorflow native javascript');
    assert.equal(offer('hypermorph register --engine = na', 4), 'native');
  });

  test('of zsh, at the tab key', {skip: has('zsh') ? false : 'zsh is not here'}, (t) =>
    check(t, 'zsh', zshOffers),
  );

  test('of fish, as it answers itself', {skip: has('fish') ? false : 'fish is not here'}, (t) =>
    check(t, 'fish', (line, cwd) => {
      const program = `source ./script; complete -C '${line}'`;
      const answer = execFileSync('fish', ['--no-config', '-c', program], {cwd, encoding: 'utf8'});
      return lines(answer).map((one) => one.split('\t')[0]);
    }),
  );
});

/** What a terminal obeys: go up some lines; anything. */
const UP = /\p{Cc}\[\d*A/u;
const CONTROL = /\p{Cc}\[\d*[A-Za-z]/gu;

/** What a zsh in a terminal of its own lists when the tab key is pressed: between wiping what is below, and going up again. */
function zshOffers(line: string, cwd: string): readonly string[] {
  const start =
    'stty columns 200; autoload -Uz compinit; compinit -D; source ./script; LISTMAX=10000; ' +
    `setopt no_beep; bindkey '^I' list-choices; print READ''Y`;
  const program = `zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell ${JSON.stringify(start)}
    zpty -r shell answer '*READY*'
    zpty -w -n shell '${line}'$'\\t'
    zpty -r shell answer $'*\\e\\\\[J*\\e\\\\[[0-9]#A*'
    print -r -- $answer
    zpty -d shell`;
  const argv = ['-f', '-o', 'extendedglob', '-c', program];
  const answer = execFileSync('zsh', argv, {cwd, encoding: 'utf8', timeout: 60_000});
  const list = answer.slice(answer.lastIndexOf('\u001b[J')).split(UP)[0];
  return list
    .replace(CONTROL, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}

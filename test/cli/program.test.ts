import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {EventEmitter} from 'node:events';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {promisify} from 'node:util';
import {EXIT, exitCodeOf} from '../../src/cli/exit-codes.js';
import {createLogger} from '../../src/cli/logger.js';
import {createProgressBar, formatSeconds} from '../../src/cli/progress.js';
import {guardStreams} from '../../src/cli/streams.js';
import {HypermorphError, recogniseMemoryError} from '../../src/errors.js';
import {VERSION} from '../../src/version.js';
import {runCli} from '../support/cli.js';

test('the help lists every command and the exit codes, on stdout', async () => {
  const {code, stdout, stderr} = await runCli(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const name of ['register', 'info', 'import'])
    assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
  assert.match(stdout, /^Exit codes:$/m);
});

test('the help of a command shows its examples', async () => {
  const {code, stdout} = await runCli(['help', 'register']);
  assert.equal(code, 0);
  assert.match(stdout, /^Examples:$/m);
  assert.match(stdout, /^ {4}\$ hypermorph register fixed\.nii\.gz moving\.nii\.gz$/m);
});

test('--version prints the version of the package', async () => {
  assert.deepEqual(await runCli(['--version']), {
    code: 0,
    stdout: `${VERSION}\n`,
    stderr: '',
    logs: [],
  });
});

test('without a command the help goes to stderr, with exit code 2', async () => {
  const {code, stdout, stderr} = await runCli([]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: hypermorph/);
});

test('every error code has its exit code; what has none is our fault', () => {
  assert.equal(exitCodeOf(new HypermorphError('E_USAGE', 'x')), 2);
  assert.equal(exitCodeOf(new HypermorphError('E_CONFIG', 'x')), 2);
  assert.equal(exitCodeOf(new HypermorphError('E_NIFTI', 'x')), 3);
  assert.equal(exitCodeOf(new HypermorphError('E_ENGINE', 'x')), 4);
  assert.equal(exitCodeOf(new HypermorphError('E_INTERRUPTED', 'x')), 130);
  assert.equal(exitCodeOf(new TypeError('x')), EXIT.bug);
});

test('an allocation that fails is a matter of memory, not a bug', () => {
  const error = recogniseMemoryError(new RangeError('Array buffer allocation failed'));
  assert.equal(exitCodeOf(error), EXIT.engine);
  assert.match((error as Error).message, /^the images and the network must fit into memory/);
  const other = new RangeError('radix must be 2 to 36');
  assert.equal(recogniseMemoryError(other), other);
});

describe('logs', () => {
  const collect = async (isTTY: boolean, options = {}) => {
    let text = '';
    const stderr = {write: (part: string) => (text += part), isTTY};
    const logger = await createLogger({stderr}, options);
    logger.debug('detail');
    logger.info('news');
    logger.error({hint: 'Do this.'}, 'trouble');
    return text;
  };

  test('are JSON lines where nobody looks, and for people on a terminal', async () => {
    const lines = (await collect(false)).trim().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as {msg: string}).msg);
    assert.deepEqual(messages, ['news', 'trouble']);
    const pretty = await collect(true);
    assert.match(pretty, /INFO.*: .*news/);
    assert.match(pretty, /trouble\n {6}Do this\./);
  });

  test('take the format that is asked for, and keep to the level', async () => {
    assert.match(await collect(true, {logFormat: 'json'}), /^\{"level":30/);
    assert.match(await collect(false, {logFormat: 'pretty'}), /^INFO: news$/m);
    assert.doesNotMatch(await collect(false, {quiet: true}), /news/);
    assert.match(await collect(false, {verbose: true}), /detail/);
  });
});

test('a progress bar is drawn on a terminal only', () => {
  const draw = (isTTY: boolean) => {
    let text = '';
    const bar = createProgressBar({write: (part) => (text += part), isTTY, columns: 60}, true);
    bar.update(0.5, 'half');
    bar.clear();
    return text;
  };
  assert.equal(draw(false), '');
  assert.match(draw(true), /█{12}░{12} half/);
});

test('seconds are said as people say them', () => {
  assert.deepEqual([4.23, 65, 7800].map(formatSeconds), ['4.2 s', '1 min 05 s', '2 h 10 min']);
});

test('a result that nobody reads is no fault; one that is lost is said once, with exit code 3', () => {
  const fail = (code: string) => {
    const stdout = Object.assign(new EventEmitter(), {write: () => true});
    let said = '';
    const stderr = Object.assign(new EventEmitter(), {write: (text: string) => (said += text)});
    let exitCode = 0;
    guardStreams({stdout, stderr}, (given) => (exitCode = given));
    for (let n = 0; n < 2; n++) stdout.emit('error', Object.assign(new Error('broken'), {code}));
    stderr.emit('error', Object.assign(new Error('broken'), {code}));
    return {said, exitCode};
  };
  assert.deepEqual(fail('EPIPE'), {said: '', exitCode: 0});
  assert.deepEqual(fail('ENOSPC'), {
    said: 'hypermorph: the result cannot be written to stdout: the disk is full.\n',
    exitCode: 3,
  });
  assert.match(fail('EIO').said, /: broken\.\n$/);
});

describe('as a process', () => {
  const program = `import {run} from './src/cli/program.ts';
    const {stdout, stderr} = process;
    process.exitCode = await run(process.argv.slice(1), {stdout, stderr});`;
  const spawn = (...argv: string[]) =>
    promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program, '--', ...argv],
      {cwd: join(import.meta.dirname, '..', '..')},
    );

  test('it ends with exit code 0 and its result on stdout', async () => {
    const {stdout, stderr} = await spawn('--version');
    assert.equal(stdout, `${VERSION}\n`);
    assert.equal(stderr, '');
  });

  test('it ends with exit code 3 and one JSON line on stderr for a file that is not there', async () => {
    await assert.rejects(spawn('info', 'absent.nii'), (error: unknown) => {
      const {code, stdout, stderr} = error as {code: number; stdout: string; stderr: string};
      assert.equal(code, 3);
      assert.equal(stdout, '');
      assert.match(stderr, /^\{.*"msg":"absent\.nii: cannot be read: .*\}\n$/);
      return true;
    });
  });
});

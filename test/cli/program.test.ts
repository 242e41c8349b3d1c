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

  test('are sentences, also off a terminal; coloured on one, unless NO_COLOR says not to', async (t) => {
    const plain = 'INFO: news\nERROR: trouble\n      Do this.\n';
    const given = process.env['NO_COLOR'];
    t.after(() => {
      delete process.env['NO_COLOR'];
      if (given !== undefined) process.env['NO_COLOR'] = given;
    });
    delete process.env['NO_COLOR'];
    assert.equal(await collect(false), plain);
    assert.match(await collect(true), /INFO\p{Cc}\[39m: .*news/u);
    process.env['NO_COLOR'] = '1';
    assert.equal(await collect(true), plain);
    process.env['NO_COLOR'] = ''; // counts as not there
    assert.match(await collect(true), /\p{Cc}\[/u);
  });

  test('are JSON lines where that, or a result as JSON, is asked for; they keep to the level', async () => {
    for (const options of [{logFormat: 'json'}, {json: true}]) {
      const lines = (await collect(true, options)).trim().split('\n');
      const messages = lines.map((line) => (JSON.parse(line) as {message: string}).message);
      assert.deepEqual(messages, ['news', 'trouble']);
    }
    assert.match(await collect(false, {json: true, logFormat: 'pretty'}), /^INFO: news$/m);
    assert.doesNotMatch(await collect(false, {quiet: true}), /news/);
    assert.match(await collect(false, {verbose: true}), /detail/);
  });
});

describe('an error', () => {
  const wrong = [
    {
      argv: ['info', 'absent.nii'],
      error: {
        code: 'E_IO',
        exitCode: 3,
        message: 'absent.nii: cannot be read: no such file or folder.',
      },
    },
    {
      argv: ['register', '--lamda', '1', 'a.nii', 'b.nii'],
      error: {
        code: 'E_USAGE',
        hint: 'Did you mean --lambda?',
        exitCode: 2,
        message: "register: unknown option '--lamda'.",
      },
    },
    {
      argv: ['info'],
      error: {
        code: 'E_USAGE',
        hint: '`hypermorph info --help` shows how it is used.',
        exitCode: 2,
        message: "info: missing required argument 'file'.",
      },
    },
    {
      argv: ['regster'],
      error: {
        code: 'E_USAGE',
        hint: 'Did you mean register?',
        exitCode: 2,
        message: "unknown command 'regster'.",
      },
    },
    {
      argv: ['register', '--engine', 'abacus', 'a.nii', 'b.nii'],
      error: {
        code: 'E_USAGE',
        hint: '`hypermorph register --help` shows how it is used.',
        exitCode: 2,
        message:
          "register: option '--engine <name>' argument 'abacus' is invalid. Allowed choices are auto, tensorflow, native, javascript.",
      },
    },
  ];

  for (const {argv, error} of wrong) {
    test(`of "${argv.join(' ')}" is one sentence, with --json one object; stdout stays empty`, async () => {
      const {message, exitCode} = error;
      const hint = error.hint === undefined ? '' : `      ${error.hint}\n`;
      const said = await runCli(argv);
      assert.equal(said.stderr, `ERROR: ${message}\n${hint}`);
      for (const format of [['--json'], ['--log-format', 'json'], ['--log-format=json']]) {
        const {code, stdout, stderr} = await runCli([...argv, ...format]);
        assert.deepEqual([code, stdout], [exitCode, '']);
        const {level, time, ...fields} = JSON.parse(stderr) as Record<string, unknown>;
        assert.deepEqual(fields, error);
        assert.deepEqual([level, typeof time], [50, 'number']);
      }
      const pretty = await runCli([...argv, '--json', '--log-format', 'pretty']);
      assert.equal(pretty.stderr, said.stderr);
    });
  }
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

  test('it ends with exit code 3 and one sentence on stderr for a file that is not there', async () => {
    await assert.rejects(spawn('info', 'absent.nii'), (error: unknown) => {
      const {code, stdout, stderr} = error as {code: number; stdout: string; stderr: string};
      assert.equal(code, 3);
      assert.equal(stdout, '');
      assert.match(stderr, /^ERROR: absent\.nii: cannot be read: .*\.\n$/);
      return true;
    });
  });
});

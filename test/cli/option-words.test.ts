import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {evaluateCommand} from '../../src/cli/commands/evaluate/options.js';
import {infoCommand} from '../../src/cli/commands/info/options.js';
import {trainCommand} from '../../src/cli/commands/train/options.js';
import {registerCommand} from '../../src/cli/commands/register/options.js';
import {errorInOptionWords, inOptionWords} from '../../src/cli/option-words.js';
import {HypermorphError} from '../../src/errors.js';

describe('the command line says with its options what the library says with its settings', () => {
  const inRegister = (text: string) => inOptionWords(text, registerCommand());

  test('a flag, a choice, a number', () => {
    assert.equal(inRegister('Add `assumeOrientation: true`.'), 'Add --assume-orientation.');
    assert.equal(
      inRegister("Choose `geometry: 'sform'` or `geometry: 'qform'`."),
      'Choose --geometry sform or --geometry qform.',
    );
    assert.equal(inRegister('from `volume: 0` to `volume: 2`'), 'from --volume 0 to --volume 2');
  });

  test('settings whose options have other names', () => {
    assert.equal(
      inRegister('`hyperparameters.lambda` must be small.'),
      'register: --lambda must be small.',
    );
    assert.equal(
      inRegister('`hyperparameters.gamma` must be small.'),
      'register: --hyper gamma must be small.',
    );
    assert.equal(inRegister('`velocity` and `inverseWarp`'), 'register: --svf and --inverse-warp');
    assert.equal(inOptionWords('see `overrides`', trainCommand()), 'see --set');
  });

  test('what the command has no option for, and other words, stay as they are', () => {
    for (const text of ['see `hypermorph import`', 'with `resume: true`', 'a `b` c']) {
      assert.equal(inRegister(text), text);
    }
  });

  test('a setting of another command is not said as one of this', () => {
    const text = 'choose one with `volume: 1`';
    assert.equal(inRegister(text), 'choose one with --volume 1');
    for (const command of [infoCommand(), evaluateCommand()]) {
      assert.equal(inOptionWords(text, command), 'choose one with --volume 1 of register');
    }
    assert.equal(inOptionWords(text, trainCommand()), text); // a setting of its configuration
  });

  test('an error keeps its code, cause and details', () => {
    const cause = new Error('underneath');
    const options = {cause, hint: 'Try `volume: 1`.', details: {got: 5}};
    const error = errorInOptionWords(
      new HypermorphError('E_RANGE', 'x must be y.', options),
      registerCommand(),
    ) as HypermorphError;
    assert.equal(error.hint, 'Try --volume 1.');
    assert.deepEqual(
      [error.code, error.message, error.cause, error.details],
      ['E_RANGE', 'x must be y.', cause, {got: 5}],
    );
  });
});

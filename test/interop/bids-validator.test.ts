import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {copyFile, mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {after, test} from 'node:test';
import {runCli} from '../support/cli.js';
import {findPython} from '../support/python.js';
import {workspace} from '../support/register-workspace.js';

const python = findPython('bids_validator_deno', 'deno');
const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

/** Code and place of every issue of a severity that the official validator of BIDS finds in a dataset. */
function issuesOf(folder: string, severity: 'error' | 'warning'): string[] {
  const words = ['-c', 'from bids_validator_deno import cli; cli()', folder, '--format', 'json'];
  let output: string;
  try {
    output = execFileSync(python.command!, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    output = (error as {stdout: string}).stdout; // it ends with an error where it finds one
  }
  const {issues} = JSON.parse(output) as {
    issues: {issues: {code: string; severity: string; location?: string}[]};
  };
  return issues.issues
    .filter((issue) => issue.severity === severity)
    .map(({code, location = ''}) => `${code} ${location}`);
}

test(
  'the validator of BIDS finds no error in the derivatives of a batch',
  {skip: python.missing},
  async (t) => {
    const {folder} = await workspace(t);
    process.chdir(folder);
    for (const path of [
      'sub-01/anat/sub-01_T1w.nii',
      'sub-02/ses-a/anat/sub-02_ses-a_run-1_T1w.nii',
      'sub-02/ses-b/anat/sub-02_ses-b_acq-fast_T1w.nii',
    ]) {
      await mkdir(join('data', dirname(path)), {recursive: true});
      await copyFile('moving.nii', join('data', path));
    }
    await writeFile('data/dataset_description.json', '{"Name": "raw", "BIDSVersion": "1.8.0"}');
    await copyFile('fixed.nii', 'tpl-Some2mm_T1w.nii');
    const {code, stderr} = await runCli([
      ...['batch', '--bids', 'data', '--fixed', 'tpl-Some2mm_T1w.nii', '--qc', 'qc'],
      ...['--model', 'model.safetensors', '--engine', 'javascript', '--refine', 'none'],
    ]);
    assert.equal(code, 0, stderr);
    const made = 'data/derivatives/hypermorph';
    assert.deepEqual(issuesOf(made, 'error'), []);
    // Who the authors are only the user knows.
    assert.deepEqual(issuesOf(made, 'warning'), ['TOO_FEW_AUTHORS /dataset_description.json']);

    await copyFile('moving.nii', join(made, 'sub-01/anat/sub-01_space-Some2mm_moved.nii'));
    const [found, ...more] = issuesOf(made, 'error');
    assert.match(found, /sub-01_space-Some2mm_moved\.nii/);
    assert.deepEqual(more, []);
  },
);

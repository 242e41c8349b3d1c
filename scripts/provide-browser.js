// Provides the browser in which some tests open the pages that hypermorph writes, and writes its path into .cache/browser.txt: one that
// is there, else, where this user may install it, Debian's chromium.
//
//   node scripts/provide-browser.js
//
// Nothing else needs it: without a browser those tests are skipped, and say so.

import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const PLACES = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const note = join(root, '.cache', 'browser.txt');
const say = (text) => console.error(`provide-browser: ${text}`);

function install() {
  const quiet = {stdio: ['ignore', 'ignore', 'pipe']};
  const words = ['install', '-y', '-qq', '--no-install-recommends', 'chromium'];
  execFileSync('apt-get', ['update', '-qq'], quiet);
  execFileSync('apt-get', words, {
    ...quiet,
    env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'},
  });
}

const find = () => PLACES.find((path) => existsSync(path));

let browser = find();
if (browser === undefined && process.getuid?.() === 0) {
  try {
    install();
    browser = find();
  } catch (error) {
    const text = String(error.stderr ?? error.message ?? error).trim();
    say(`could not install chromium.\n  ${text.split('\n').slice(-2).join('\n  ')}`);
  }
}
if (browser === undefined) {
  rmSync(note, {force: true});
  say('no browser here; tests that open pages will be skipped.');
} else {
  mkdirSync(dirname(note), {recursive: true});
  writeFileSync(note, browser);
  say(`ready: ${browser}`);
}

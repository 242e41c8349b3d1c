import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Page} from 'puppeteer-core';

const NOTE = join(import.meta.dirname, '..', '..', '.cache', 'browser.txt');

/** The program of a browser: HYPERMORPH_BROWSER, else the one that scripts/provide-browser.js found. */
const BROWSER =
  process.env.HYPERMORPH_BROWSER ?? (existsSync(NOTE) ? readFileSync(NOTE, 'utf8') : '');

/** Why pages cannot be opened; false where they can. */
export const noBrowser = existsSync(BROWSER)
  ? false
  : 'no browser: run node scripts/provide-browser.js, or set HYPERMORPH_BROWSER';

/** What a page did that none of ours may do: errors, words on the console, requests but for its own file and those beside it. */
export interface PageFaults {
  readonly faults: readonly string[];
}

/** Open a file in a browser, look at it, and close the browser. */
export async function openPage<T>(
  path: string,
  look: (page: Page) => Promise<T>,
): Promise<T & PageFaults> {
  const {launch} = await import('puppeteer-core');
  const browser = await launch({
    executablePath: BROWSER,
    // The sandbox needs a user that is not root; what is opened is our own.
    args: ['--no-sandbox', '--disable-gpu', '--force-device-scale-factor=1'],
  });
  try {
    const page = await browser.newPage();
    await page.setViewport({width: 1366, height: 768});
    const faults: string[] = [];
    page.on('console', (message) => faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`error: ${String(error)}`));
    page.on('requestfailed', (request) => faults.push(`failed: ${request.url().slice(0, 99)}`));
    page.on('request', (request) => {
      const address = request.url();
      if (!/^(data|file):/.test(address)) faults.push(`request: ${address}`);
    });
    await page.goto(pathToFileURL(path).href, {waitUntil: 'load'});
    return {...(await look(page)), faults};
  } finally {
    await browser.close();
  }
}

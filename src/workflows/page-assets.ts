import {fileURLToPath} from 'node:url';
import {readFileText} from '../formats/files.js';
import type {PageAssets} from '../pages/html.js';

/** Style and script of a page that compares pictures. */
export async function readPageAssets(): Promise<PageAssets> {
  return {style: await readStyle(), script: await readAsset('viewer.js')};
}

/** The style of all pages. */
export function readStyle(): Promise<string> {
  return readAsset('style.css');
}

/** A PNG as an address that holds it. */
export function pngAddress(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

/** What pages hold lies beside the code that makes them. */
function readAsset(name: string): Promise<string> {
  return readFileText(fileURLToPath(new URL(`../pages/client/${name}`, import.meta.url)));
}

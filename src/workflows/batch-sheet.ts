import {relative} from 'node:path';
import {contactSheet, type SheetPair} from '../pages/contact-sheet.js';
import {VERSION} from '../version.js';
import type {PairRecord} from './batch-records.js';
import {readStyle} from './page-assets.js';
import {factsOf} from './qc-files.js';
import {baseNameOf} from '../formats/bytes.js';
import type {Report} from './report.js';

/** A pair on the contact sheet in a folder. @param record - Null: nobody dealt with it. */
export function sheetPairOf(name: string, record: PairRecord | null, folder: string): SheetPair {
  const none = {warnings: 0, facts: [], similarity: null, page: null, thumbnail: null};
  if (record === null) return {...none, name, state: 'waiting', reasons: []};
  if (record.status === 'failed') {
    return {...none, name, state: 'error', reasons: [record.error.message]};
  }
  const {report} = record;
  const {quality, outputs, warnings} = report;
  const addressOf = (path: Report['outputs'][string] | undefined) =>
    typeof path === 'string' ? addressFrom(folder, path) : null;
  return {
    ...{name, state: quality.verdict, reasons: quality.reasons, warnings: warnings.length},
    facts: factsOf(report),
    similarity: similarityOf(report),
    page: addressOf(outputs['qc']),
    thumbnail: addressOf(outputs['thumbnail']),
  };
}

/** The contact sheet of a batch, HTML; null where no pair has a page. */
export async function sheetOf(folder: string, pairs: readonly SheetPair[]): Promise<string | null> {
  if (pairs.every(({page}) => page === null)) return null;
  const content = {title: baseNameOf(folder), pairs, version: VERSION};
  return contactSheet(content, {style: await readStyle()});
}

/** Of the answer that was kept; the correlation where nothing was judged. */
function similarityOf({answer: {kept, judgements}, similarity}: Report): number | null {
  const judged = judgements.find(({answer}) => answer === kept);
  return judged === undefined ? similarity.after.ncc : judged.similarity;
}

/** A file as a page in a folder calls it. */
function addressFrom(folder: string, path: string): string {
  return relative(folder, path).split(/[\\/]/).map(encodeURIComponent).join('/');
}

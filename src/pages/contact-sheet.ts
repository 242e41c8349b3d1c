import {markup, pageOf, type Markup, type PageAssets} from './html.js';
import type {Fact, QcContent} from './qc-page.js';

/** A pair of a batch as its contact sheet shows it. */
export interface SheetPair {
  readonly name: string;
  /** `error`: it could not be registered; `waiting`: nobody tried. */
  readonly state: QcContent['verdict'] | 'error' | 'waiting';
  /** Why not good, or what went wrong, in sentences. */
  readonly reasons: readonly string[];
  readonly warnings: number;
  readonly facts: readonly Fact[];
  /** How well the images fit, the larger the better; null where it is not known. */
  readonly similarity: number | null;
  /** Relative addresses, where there are such files. */
  readonly page: string | null;
  readonly thumbnail: string | null;
}

/** Worst first. */
const STATES = {
  error: ['✕', 'Not registered'],
  failed: ['✕', 'Failed'],
  doubtful: ['!', 'Doubtful'],
  good: ['✓', 'Good'],
  waiting: ['…', 'Waiting'],
} as const;

type State = keyof typeof STATES;

/** All pairs of a batch on one page, worst first: by what became of them, then by similarity. */
export function contactSheet(
  {title, pairs, version}: {title: string; pairs: readonly SheetPair[]; version: string},
  assets: PageAssets,
): string {
  const groups = (Object.keys(STATES) as State[]).map((state) => ({
    state,
    members: pairs
      .filter((pair) => pair.state === state)
      .sort((a, b) => (a.similarity ?? 0) - (b.similarity ?? 0)),
  }));
  const found = groups.filter(({members}) => members.length > 0);
  const body = markup`<header class="sheet"><h1>${title} <span class="to">${pairs.length} pairs, worst first</span></h1>
<nav aria-label="By quality">${found.map(
    ({state, members}) =>
      markup`<a class="verdict ${classOf(state)}" href="#${state}"><span aria-hidden="true">${STATES[state][0]}</span>${members.length} ${STATES[state][1].toLowerCase()}</a>`,
  )}</nav></header>
<main>${found.map(
    ({
      state,
      members,
    }) => markup`<section id="${state}" class="group"><h2 class="${classOf(state)}">${STATES[state][1]}</h2>
<div class="cards">${members.map(card)}</div></section>`,
  )}</main>
<footer class="note">Slices of the result with the edges of the fixed image; a name leads to the page of the pair. hypermorph ${version}</footer>`;
  return pageOf(title, body, assets);
}

function card(pair: SheetPair): Markup {
  const {name, page, thumbnail, facts, reasons, warnings} = pair;
  const picture =
    thumbnail !== null &&
    markup`<img src="${thumbnail}" alt="Result of ${name}" loading="lazy" decoding="async">`;
  return markup`<article class="card">${page === null ? picture : markup`<a href="${page}" tabindex="-1">${picture}</a>`}
<h3>${page === null ? name : markup`<a href="${page}">${name}</a>`}</h3>
${reasons.map((reason) => markup`<p class="reasons">${reason}</p>`)}
<p class="note">${facts.map(({name: fact, value}) => markup`<span>${fact} <b>${value}</b></span> `)}${
    warnings > 0 &&
    markup`<span class="doubtful">${warnings} ${warnings === 1 ? 'warning' : 'warnings'}</span>`
  }</p></article>
`;
}

function classOf(state: State): string {
  return state === 'error' ? 'failed' : state;
}

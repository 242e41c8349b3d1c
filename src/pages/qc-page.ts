import type {Drawing} from '../pictures/draw-registration.js';
import {divergingColour, FOLD, ORANGE, SKY_BLUE} from '../pictures/colours.js';
import type {Colour} from '../pictures/picture.js';
import {markup, jsonElement, pageOf, type Markup, type PageAssets} from './html.js';

/** A figure with its name, and a few words that help to judge it. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note?: string | undefined;
}

/** How well the images fit at one stage, 0 to 1. */
export interface StageFigure {
  readonly name: string;
  readonly similarity: number;
  readonly isKept: boolean;
}

/** A layer of the drawing with its pictures as addresses that hold them. */
export interface PageLayer {
  readonly key: string;
  readonly name: string;
  readonly picture: string;
  readonly edges: string | null;
  readonly labels: string | null;
}

/** What the page of a registration shows. */
export interface QcContent {
  readonly fixed: string;
  readonly moving: string;
  readonly verdict: 'good' | 'doubtful' | 'failed';
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly facts: readonly Fact[];
  readonly stages: readonly StageFigure[];
  readonly drawing: Pick<Drawing, 'planes' | 'mosaic' | 'jacobianLimit' | 'pixelMm'>;
  readonly layers: readonly PageLayer[];
  /** The key of the layer that counts. */
  readonly result: string;
  readonly grid: string;
  /** How it was made, from the inputs on. */
  readonly provenance: readonly Fact[];
}

const VERDICTS = {
  good: ['✓', 'Good', 'Nothing speaks against this result.'],
  doubtful: ['!', 'Doubtful', 'Look closely:'],
  failed: ['✕', 'Failed', 'Do not use this result:'],
} as const;

/** The page on which a registration is judged. */
export function qcPage(content: QcContent, assets: PageAssets): string {
  const {fixed, moving} = content;
  const body = markup`<header>
${headline(content)}
</header>
<main>
${figures(content)}
${viewer(content)}
${overview(content)}
${provenance(content)}
</main>
${jsonElement('scene', sceneOf(content))}`;
  return pageOf(`${moving} to ${fixed}`, body, assets);
}

function headline({fixed, moving, verdict, reasons, warnings}: QcContent): Markup {
  const [sign, word, lead] = VERDICTS[verdict];
  return markup`<div class="verdict ${verdict}" role="status"><span aria-hidden="true">${sign}</span>${word}</div>
<div class="title"><h1>${moving} <span class="to">registered to</span> ${fixed}</h1>
<p class="reasons">${lead} ${reasons.join(' ')}</p>
${
  warnings.length > 0 &&
  markup`<details class="warnings"${warnings.length <= 2 && markup` open`}><summary>${warnings.length} ${
    warnings.length === 1 ? 'warning' : 'warnings'
  }</summary><ul>${warnings.map((warning) => markup`<li>${warning}</li>`)}</ul></details>`
}</div>`;
}

function figures({facts, stages}: QcContent): Markup {
  const bars = stages.map(
    ({name, similarity, isKept}) => markup`<div class="bar${isKept && ' kept'}">
<span>${name}${isKept && markup` <b>kept</b>`}</span><meter min="0" max="1" value="${similarity}">${similarity}</meter><output>${similarity.toFixed(3)}</output></div>`,
  );
  return markup`<section class="figures" aria-label="Key figures">
${stages.length > 0 && markup`<div class="fact similarity"><h2>Similarity of each stage</h2>${bars}<p class="note">mean squared local correlation, 0 to 1</p></div>`}
${facts.map(
  ({name, value, note}) =>
    markup`<div class="fact"><h2>${name}</h2><p class="value">${value}</p>${note && markup`<p class="note">${note}</p>`}</div>`,
)}
</section>`;
}

/** Which side is which. */
export const CONVENTION = 'Radiological convention: the left of the body (L) is on the right.';

function viewer({drawing: {planes, mosaic}, layers, result}: QcContent): Markup {
  const choose = (side: 'a' | 'b', name: string, chosen: string) => markup`<label>${name}
<select id="layer-${side}">${layers.map(
    ({key, name: text}) =>
      markup`<option value="${key}"${key === chosen && markup` selected`}>${text}</option>`,
  )}</select></label>`;
  const slices = Math.max(...mosaic.tiles.map(({slice}) => slice)) + 1;
  const hasLabels = layers.some(({labels}) => labels !== null);
  const hasPair = layers.some(({key, labels}) => key === 'fixed' && labels !== null);
  const sizes = planes.map((_, plane) => mosaic.tiles.find((tile) => tile.plane === plane)!);
  const wide = sizes.reduce((sum, {width}) => sum + width, 0);
  const high = Math.max(...sizes.map(({height}) => height));
  return markup`<section class="viewer" aria-label="Compare">
<div class="tools">
${choose('a', 'Left', 'fixed')}
<button id="swap" title="Swap left and right (x)">⇄<span class="hidden">Swap</span></button>
${choose('b', 'Right', result)}
<span class="modes" role="group" aria-label="How to compare">
<button id="swipe-mode" aria-pressed="true" title="Swipe (s)">Swipe</button>
<button id="flicker-mode" aria-pressed="false" title="Flicker (f)">Flicker</button></span>
<label class="check"><input type="checkbox" id="edges"${!hasPair && markup` checked`}>Edges of the other</label>
<label class="check"><input type="checkbox" id="grid">Deformed grid</label>
${hasLabels && markup`<label class="check"><input type="checkbox" id="labels"${hasPair && markup` checked`}>Label outlines</label>`}
<label class="range"${slices === 1 && markup` hidden`}>Slice <input type="range" id="slice" min="0" max="${slices - 1}" value="${slices >> 1}"></label>
</div>
<div class="planes" style="grid-template-columns:${sizes.map(({width}) => `${width}fr`).join(' ')};max-width:calc(max(62vh,22rem)*${(wide / high).toFixed(3)})">
${planes.map(
  ({name, sides}, plane) => markup`<figure class="plane"><div class="frame" style="aspect-ratio:${
    sizes[plane].width
  }/${sizes[plane].height}"><canvas data-plane="${plane}" aria-label="${name} slices"></canvas>
<i class="left">${sides.left}</i><i class="right">${sides.right}</i><i class="top">${sides.top}</i><i class="bottom">${sides.bottom}</i></div>
<figcaption>${name}</figcaption></figure>`,
)}
</div>
<div class="slider"><output id="name-a"></output><input type="range" id="swipe" min="0" max="1000" value="500" aria-label="Between left and right"><output id="name-b"></output></div>
<div id="scale" class="scale" hidden></div>
<p class="note">${CONVENTION} Drag over a picture or the slider. Keys: <kbd>←</kbd> <kbd>→</kbd> swipe, <kbd>↑</kbd> <kbd>↓</kbd> slices, <kbd>f</kbd> flicker, <kbd>s</kbd> swipe, <kbd>x</kbd> swap, <kbd>e</kbd> edges, <kbd>g</kbd> grid${hasLabels && markup`, <kbd>l</kbd> labels`}.
Edges: <span class="swatch" style="background:${cssOf(ORANGE)}"></span> of the fixed, <span class="swatch" style="background:${cssOf(SKY_BLUE)}"></span> of the moving image${hasPair && ', and of their labels'}.</p>
<noscript><p class="note">The pictures below need no script; comparing them here does.</p></noscript>
</section>`;
}

/** All slices of all stages. */
function overview(content: QcContent): Markup {
  const {layers, grid, drawing, result} = content;
  const size = markup` width="${drawing.mosaic.width}" height="${drawing.mosaic.height}"`;
  const figure = (name: Markup | string, images: Markup, below: Markup | null = null) =>
    markup`<figure class="mosaic"><figcaption>${name}</figcaption><div class="stack">${images}</div>${below}</figure>`;
  return markup`<section class="overview" aria-label="All slices"><h2>All slices</h2>
<p class="note">Edges of the fixed image lie on the others. ${CONVENTION}</p>
${layers.map(({key, name, picture}) =>
  figure(
    markup`${name}${key === result && markup` <b>result</b>`}`,
    markup`<img id="picture-${key}" src="${picture}" alt="${name}, all slices"${size}>`,
    key === 'jacobian' ? scaleOf(content) : null,
  ),
)}
${figure('Deformed grid', markup`<img id="picture-grid" src="${grid}" alt="Deformed grid, all slices"${size}>`)}
<div hidden>${layers.map(({key, edges, labels}) => [
    edges !== null && markup`<img id="edges-${key}" src="${edges}" alt="">`,
    labels !== null && markup`<img id="labels-${key}" src="${labels}" alt="">`,
  ])}</div></section>`;
}

/** What the colours of the determinant mean. */
function scaleOf({drawing: {jacobianLimit: limit}}: QcContent): Markup {
  const stops = Array.from({length: 17}, (_, n) => cssOf(divergingColour(n / 16))).join(',');
  const ticks = [-1, -0.5, 0, 0.5, 1].map((power) => (limit ** power).toFixed(2));
  return markup`<div class="scale"><span>smaller in moving</span>
<div><div class="bar-of-colours" style="background:linear-gradient(to right,${stops})"></div>
<div class="ticks">${ticks.map((tick) => markup`<span>${tick}</span>`)}</div></div>
<span>larger in moving</span><span><span class="swatch" style="background:${cssOf(FOLD)}"></span> fold (0 or less)</span></div>`;
}

function provenance({provenance: facts}: QcContent): Markup {
  return markup`<section class="provenance" aria-label="How it was made"><h2>How it was made</h2><dl>
${facts.map(({name, value}) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

/** What the script of the page needs to know. */
function sceneOf({drawing: {mosaic, planes}, layers, result}: QcContent): unknown {
  return {
    tiles: mosaic.tiles,
    planes: planes.length,
    layers: layers.map(({key, name}) => ({key, name})),
    result,
  };
}

function cssOf([red, green, blue]: Colour): string {
  return `rgb(${red},${green},${blue})`;
}

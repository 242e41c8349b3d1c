import type {Colour} from './picture.js';

/** A colour of OKLab: lightness 0 to 1, then green to red and blue to yellow. */
type Lab = readonly [lightness: number, a: number, b: number];

/**
 * sRGB of a colour of OKLab, in which equal steps look equal.
 *
 * @see Ottosson, A perceptual color space for image processing, 2020 (matrices); IEC 61966-2-1 (gamma of sRGB).
 */
function colourOf([lightness, a, b]: Lab): Colour {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const byte = (linear: number) => {
    const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(Math.max(value, 0), 1));
  };
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
    255,
  ];
}

/** Both ends are equally dark, and equally far from grey. */
const [BLUE, NEUTRAL, RED]: readonly [Lab, Lab, Lab] = [
  [0.45, -0.03, -0.17],
  [0.96, 0, 0],
  [0.45, 0.15, 0.085],
];

/**
 * Blue below, nearly white in the middle, red above; the lightness falls evenly to both sides.
 *
 * @param share - 0 to 1; what lies beyond is as the ends.
 */
export function divergingColour(share: number): Colour {
  const place = 2 * Math.min(Math.max(share, 0), 1) - 1;
  const end = place < 0 ? BLUE : RED;
  const part = Math.abs(place);
  const mix = (n: 0 | 1 | 2) => NEUTRAL[n] + part * (end[n] - NEUTRAL[n]);
  return colourOf([mix(0), mix(1), mix(2)]);
}

/** Degrees from one hue to the next: the golden angle keeps any number of them apart. */
const GOLDEN = 137.508;

/** A bright colour for the n-th of many labels. */
export function labelColour(n: number): Colour {
  const hue = (((n * GOLDEN + 20) % 360) * Math.PI) / 180;
  return colourOf([n % 2 === 0 ? 0.8 : 0.7, 0.16 * Math.cos(hue), 0.16 * Math.sin(hue)]);
}

/** Readable by the colour-blind: orange and sky blue. @see Okabe & Ito, Color universal design, 2008. */
export const ORANGE: Colour = [230, 159, 0, 255];
export const SKY_BLUE: Colour = [86, 180, 233, 255];
/** Folds: on neither side of the diverging colours. */
export const FOLD: Colour = [255, 220, 0, 255];
export const CLEAR: Colour = [0, 0, 0, 0];

import type {Canvas, Colour} from './picture.js';

/** Pixels from a letter to the next one, and from a line to the next one. */
const [ADVANCE, LINE] = [6, 11];

/** Letters, each followed by its nine rows from the top: five pixels, bright ones 1, as a digit of base 32. */
const SHEET = `
  Aehhvhhh00 Buhhuhhu00 Cehggghe00 Duhhhhhu00 Evgguggv00 Fvgguggg00 Gehgnhhf00 Hhhhvhhh00 Ie44444e00 J72222ic00
  Khikokih00 Lggggggv00 Mhrllhhh00 Nhpljhhh00 Oehhhhhe00 Puhhuggg00 Qehhhlid00 Ruhhukih00 Sfgge11u00 Tv44444400
  Uhhhhhhe00 Vhhhhha400 Whhhllrh00 Xhha4ahh00 Yhha444400 Zv1248gv00 a00e1fhf00 bgguhhhu00 c00fgggf00 d11fhhhf00
  e00ehvge00 f68u888800 g00fhhhf1e hgguhhhh00 i40c444e00 j20622222c kggikoki00 lc44444e00 m00qllll00 n00uhhhh00
  o00ehhhe00 p00uhhhugg q00fhhhf11 r00mpggg00 s00fge1u00 t88u888600 u00hhhhf00 v00hhha400 w00hllla00 x00ha4ah00
  y00hhhhf1e z00v248v00 0ehjlphe00 14c4444e00 2eh1248v00 3u11e11u00 426aiv2200 5vgu11he00 6egguhhe00 7v12444400
  8ehhehhe00 9ehhf11e00 .00000cc00 ,00000cc48 :0cc0cc000 -000e00000 +044v44000 /11248gg00 (248884200 )842224800
  %pp248jj00 =00v0v0000 _0000000v0 >842124800 ?eh1240400 →042v24000
`;

const LETTERS: ReadonlyMap<string, readonly number[]> = new Map(
  SHEET.trim()
    .split(/\s+/)
    .map(([letter, ...rows]) => [letter, rows.map((digit) => parseInt(digit, 32))]),
);

/** A space at which no line ends. */
export const NO_BREAK = '\u00a0';

/** Height of a line of text, pixels. */
export function lineHeight(scale: number): number {
  return scale * LINE;
}

/** Width of a text, pixels. */
export function widthOf(text: string, scale: number): number {
  return scale * ADVANCE * text.length;
}

/** A text in lines of at most so many letters: between words, or within a word that is longer than a line. */
export function wrapText(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`;
    if (lines.length > 0 && longer.length <= most) {
      lines[lines.length - 1] = longer;
      continue;
    }
    for (let at = 0; at === 0 || at < word.length; at += most)
      lines.push(word.slice(at, at + most));
  }
  return lines;
}

/** Write a line of text, its left upper corner at (x, y), each pixel of a letter `scale` wide; what has no letter is a question mark. */
export function write(
  canvas: Canvas,
  text: string,
  [x, y]: readonly [number, number],
  {colour, scale}: {readonly colour: Colour; readonly scale: number},
): void {
  Array.from(text).forEach((letter, n) => {
    if (letter === ' ' || letter === NO_BREAK) return;
    const rows = LETTERS.get(letter) ?? LETTERS.get('?')!;
    for (let v = 0; v < scale * rows.length; v++) {
      for (let u = 0; u < scale * (ADVANCE - 1); u++) {
        const isBright = (rows[Math.floor(v / scale)] >> (4 - Math.floor(u / scale))) & 1;
        if (isBright) canvas.blend(x + scale * ADVANCE * n + u, y + v, colour);
      }
    }
  });
}

/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template of HTML takes: text, which is escaped, markup, which is not, lists of both, and nothing. */
type Part = string | number | Markup | null | undefined | false | readonly Part[];

/** HTML with what is filled in escaped: whatever a file is called, it stays text. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(texts.reduce((before, text, n) => before + render(parts[n - 1]) + text));
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return String(part).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** A value for a script, inside an element of its own. */
export function jsonElement(id: string, value: unknown): Markup {
  const text = JSON.stringify(value).replaceAll('<', '\\u003c');
  return new Markup(`<script type="application/json" id="${id}">${text}</script>`);
}

/** What stands on every page: its style and its script, as text. */
export interface PageAssets {
  readonly style: string;
  readonly script?: string | undefined;
}

/**
 * A page in one piece, which asks nobody for anything: its policy forbids every request.
 *
 * @param body - Between header and footer.
 */
export function pageOf(title: string, body: Markup, {style, script}: PageAssets): string {
  const policy =
    "default-src 'none'; img-src data: 'self' file:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
${script !== undefined && markup`<script>${new Markup(script)}</script>`}
</body>
</html>
`.text;
}

import type {z} from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Faults told at once; a list of a thousand wrong numbers needs no thousand sentences. */
const MOST_FAULTS = 6;

/** Something that must hold between values, and does not. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  /** Follows "must". */
  readonly requirement: string;
  /** What fails it. */
  readonly value: unknown;
}

/** A contradiction in one line. */
export function must(
  path: Contradiction['path'],
  requirement: string,
  value: unknown,
): Contradiction {
  return {path, requirement, value};
}

/** `path must …, got ….` */
export function explainContradiction({path, requirement, value}: Contradiction): string {
  return `${formatPath(path)} must ${requirement}, got ${formatValue(value)}.`;
}

/** The same contradictions of a part, seen from the whole. */
export function* within(
  path: Contradiction['path'],
  contradictions: Iterable<Contradiction>,
): Generator<Contradiction> {
  for (const one of contradictions) yield {...one, path: [...path, ...one.path]};
}

/** The check of a schema, `schema.check(…)`, that finds no contradictions in a value whose fields are sound. */
export function checkContradictions<T>(
  find: (value: T) => Iterable<Contradiction>,
): (context: z.core.ParsePayload<T>) => void {
  return ({value: whole, issues}) => {
    for (const {path, requirement, value} of find(whole)) {
      const message = `must ${requirement}`;
      issues.push({code: 'custom', path: [...path], message, params: {value}, input: value});
    }
  };
}

/** A path as one writes it: `unet.encoder[2]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** A value as one writes it in a message, cut where it is long. */
export function formatValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * Say what is wrong with a value, by path and value.
 *
 * @param error - What the schema found.
 * @param options.whole - Names the value itself, where the fault has no path.
 * @returns A sentence for each of the first faults, without capital and place.
 */
export function explainFaults(
  schema: z.ZodType,
  value: unknown,
  error: z.ZodError,
  {whole}: {readonly whole: string},
): readonly [string, ...string[]] {
  const isInteger = (path: Path) => wantsInteger(schema, value, path);
  const sentences = error.issues
    .slice(0, MOST_FAULTS)
    .flatMap((issue) => explainIssue(issue, value, {isInteger, whole}));
  const untold = error.issues.length - MOST_FAULTS;
  if (untold > 0) sentences.push(`${untold} more must be put right.`);
  return sentences as [string, ...string[]];
}

/** Whether a schema takes only integers at a path: zod's own message about a bound does not say. */
function wantsInteger(schema: z.ZodType, root: unknown, path: Path): boolean {
  const probe = structuredClone(root);
  const owner = valueAt(probe, path.slice(0, -1)) as Record<PropertyKey, unknown> | undefined;
  const last = path.at(-1);
  if (typeof owner !== 'object' || last === undefined) return false;
  owner[last] = 0.5;
  const issues = schema.safeParse(probe).error?.issues ?? [];
  return issues.some(
    (issue) =>
      issue.code === 'invalid_type' &&
      issue.expected === 'int' &&
      formatPath(issue.path) === formatPath(path),
  );
}

function explainIssue(
  issue: Issue,
  root: unknown,
  options: {readonly isInteger: (path: Path) => boolean; readonly whole: string},
): string[] {
  const {isInteger, whole} = options;
  const given = valueAt(root, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = formatPath([...issue.path, key]);
      return `${path} must be a known setting, got ${formatValue(valueAt(root, [...issue.path, key]))}.`;
    });
  }
  if (issue.code === 'invalid_union') {
    // The alternative that the value was meant for, where it is of the kind of only one.
    const meant = issue.errors.filter((inner) => inner.every(({path}) => path.length > 0));
    if (meant.length === 1) {
      return meant[0].flatMap((inner) => {
        const whole = {...inner, path: [...issue.path, ...inner.path]};
        return explainIssue(whole, root, options);
      });
    }
    const discriminator = (issue as {discriminator?: string}).discriminator;
    const path = discriminator === undefined ? issue.path : withLast(issue.path, discriminator);
    return [
      `${formatPath(path)} must be ${unionRequirement(issue)}, got ${formatValue(valueAt(root, path))}.`,
    ];
  }
  const name = issue.path.length === 0 ? whole : formatPath(issue.path);
  if (issue.code === 'custom') {
    return [
      `${name} ${issue.message}, got ${formatValue(issue.params === undefined ? given : issue.params.value)}.`,
    ];
  }
  const number = isInteger(issue.path) ? 'integer' : 'number';
  return [`${name} must be ${requirementOf(issue, number)}, got ${formatValue(given)}.`];
}

function withLast(path: Path, key: string): Path {
  return path.at(-1) === key ? path : [...path, key];
}

function unionRequirement(issue: Extract<Issue, {code: 'invalid_union'}>): string {
  const options = (issue as {options?: unknown}).options;
  if (Array.isArray(options)) return `one of ${options.map(formatValue).join(', ')}`;
  const nested = issue.errors.flat().map((inner) => requirementOf(inner, 'number'));
  return nested.length === 0 ? 'one of the known kinds' : [...new Set(nested)].join(' or ');
}

/** What a setting must be, as words that follow "must be". */
function requirementOf(issue: Issue, number: 'integer' | 'number'): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`;
    case 'too_small':
      if (issue.origin === 'array') return `a list of at least ${Number(issue.minimum)}`;
      if (issue.origin === 'string') return 'a text that is not empty';
      if (Number(issue.minimum) === 0 && issue.inclusive !== true) return `a positive ${number}`;
      return `${article(number)} ${issue.inclusive === true ? 'of at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `a list of at most ${Number(issue.maximum)}`;
      return `${article(number)} ${issue.inclusive === true ? 'of at most' : 'below'} ${issue.maximum}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? formatValue(issue.values[0])
        : `one of ${issue.values.map(formatValue).join(', ')}`;
    case 'invalid_format':
      return issue.message.replace(/^must be /, '');
    default:
      return `valid (${issue.message})`;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  null: 'null',
  int: 'an integer',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of settings',
  tuple: 'a list',
};

function article(number: 'integer' | 'number'): string {
  return number === 'integer' ? 'an integer' : 'a number';
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    root,
  );
}

// Writes docs/reference/errors.md from the table of error codes, docs/reference/messages.md from all sentences of the source,
// docs/reference/configuration.md and the JSON Schema for editors,
// configs/training.schema.json, from the schema of the training configuration.
//
//   node --import tsx scripts/reference-pages.ts
//
// test/reference-pages.test.ts fails where they are not current.

import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {exitCodeOf} from '../src/cli/exit-codes.js';
import {trainingJsonSchema} from '../src/config/training-schema.js';
import {findMessages} from './support/messages.js';
import {ERROR_CODES, HypermorphError, type ErrorCode} from '../src/errors.js';

export const REPOSITORY = join(import.meta.dirname, '..');

/** The part of a JSON Schema that our settings use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** Path in the repository -> content of every generated file. */
export function renderReferencePages(): ReadonlyMap<string, string> {
  const schema = trainingJsonSchema();
  return new Map([
    ['docs/reference/errors.md', renderErrors()],
    ['docs/reference/messages.md', renderMessages()],
    ['docs/reference/configuration.md', renderConfiguration(schema)],
    ['configs/training.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
  ]);
}

const GENERATED = (source: string) =>
  `<!-- Written by scripts/reference-pages.ts from ${source}. Do not edit: change that, then run the script. -->`;

function renderErrors(): string {
  const rows = (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => {
    const {meaning, remedy} = ERROR_CODES[code];
    const exit = exitCodeOf(new HypermorphError(code, ''));
    return `| \`${code}\` | ${exit} | ${meaning} | ${remedy} |`;
  });
  return [
    GENERATED('src/errors.ts'),
    '# Errors',
    'Every error that hypermorph raises on purpose is one sentence (what must hold, what was given), often with a hint, and has a code that stays the same: `error.code` of a `HypermorphError` in a program, the field `code` of the last line on stderr under `--json` (or `--log-format json`), one JSON object with `code`, `message`, `exitCode` and, where there is one, `hint`. The exit code of the command follows from it. Anything without a code is a bug of ours (exit code 1, with its stack): please report it.',
    ['| code | exit | what it means | what to do |', '|---|---|---|---|', ...rows].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Every sentence, so that it can be searched for. */
function renderMessages(): string {
  const messages = findMessages(join(REPOSITORY, 'src'));
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
  const unique = (rows: readonly string[]) => [...new Set(rows)].sort();
  const errors = messages
    .filter(({code}) => code !== null)
    .map(({code, sentence, hint}) => `| \`${code}\` | ${cell(sentence)} | ${cell(hint)} |`);
  const warnings = messages
    .filter(({code}) => code === null)
    .map(({sentence}) => `| ${cell(sentence)} |`);
  return [
    GENERATED('the sentences in src'),
    '# Messages',
    'What hypermorph says when something is wrong or suspicious, to be searched for; `…` and names in angle brackets stand for what is put in. Settings (`volume`) are written as options (`--volume`) on the command line. [Errors](errors.md) says what the codes mean.',
    '## Errors',
    ['| code | sentence | what to do |', '|---|---|---|', ...unique(errors)].join('\n'),
    '## Warnings',
    'The work goes on; the report keeps them. [What each warning means](../warnings.md), and what to do.',
    ['| sentence |', '|---|', ...unique(warnings)].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function renderConfiguration(schema: Schema): string {
  const {properties = {}, required = []} = schema;
  const single = Object.entries(properties).filter(([, one]) => !isGroup(one));
  const groups = Object.entries(properties).filter(([, one]) => isGroup(one));
  return [
    GENERATED('src/config/training-config.ts'),
    '# The training configuration',
    'What `hypermorph train --config FILE` reads: YAML with the settings below. Only `sources` is required; whatever is left out has its default. `--set path=value` changes one setting, with its path as it is written here (`optimiser.learningRate=1e-3`, `sources[0].weight=2`). An unknown setting is an error. The merged configuration is saved with the run. Examples that run: [configs](../../configs).',
    'Editors that know the YAML language server complete and check settings by the first line `# yaml-language-server: $schema=training.schema.json` (the file is in `configs`).',
    renderTable(single, required),
    ...groups.flatMap(([name, group]) => renderGroup(name, group, 2)),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Whether a setting has settings of its own. */
function isGroup(schema: Schema): boolean {
  return schema.properties !== undefined || isKinds(schema) || isList(schema);
}

function isKinds({oneOf}: Schema): boolean {
  return oneOf?.every(({properties}) => properties?.kind !== undefined) === true;
}

function isList({items}: Schema): boolean {
  return items !== undefined && isGroup(items);
}

function renderGroup(path: string, schema: Schema, depth: number): string[] {
  const title = `${'#'.repeat(depth)} \`${path}\``;
  const about = schema.description === undefined ? [] : [schema.description];
  if (isList(schema)) {
    // A list like one that stands above needs no second description.
    if (path === 'validation.sources') return [];
    return [
      title,
      [...about, 'A list; each entry is one of these:'].join(' '),
      ...renderKinds(schema.items!),
    ];
  }
  if (isKinds(schema)) {
    const kind = (schema.default as {kind?: string} | undefined)?.kind;
    const start = kind === undefined ? [] : [`Default: \`kind: ${kind}\`.`];
    return [title, [...about, ...start].join(' '), ...renderKinds(schema)].filter(
      (text) => text !== '',
    );
  }
  const {properties = {}, required = []} = schema;
  const entries = Object.entries(properties);
  const single = entries.filter(([, one]) => !isGroup(one));
  const groups = entries.filter(([, one]) => isGroup(one));
  return [
    title,
    ...about,
    ...(single.length === 0 ? [] : [renderTable(single, required)]),
    ...groups.flatMap(([name, group]) => renderGroup(`${path}.${name}`, group, depth + 1)),
  ];
}

function renderKinds({oneOf = []}: Schema): string[] {
  return oneOf.flatMap(({properties = {}, required = [], description = ''}) => {
    const {kind, ...others} = properties;
    const entries = Object.entries(others);
    const table = entries.length === 0 ? [] : [renderTable(entries, required)];
    return [`**\`kind: ${kind.const as string}\`** ${description}`.trim(), ...table];
  });
}

function renderTable(
  entries: readonly (readonly [string, Schema])[],
  required: readonly string[],
): string {
  const rows = entries.map(([name, schema]) => {
    const start =
      schema.default === undefined
        ? required.includes(name)
          ? 'required'
          : ''
        : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${name}\` | ${describeType(schema)} | ${start} | ${schema.description ?? ''} |`;
  });
  return ['| setting | value | default | |', '|---|---|---|---|', ...rows].join('\n');
}

function describeType(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map((one) => code(one)).join(', ');
  if (isKinds(schema))
    return `{kind: ${schema.oneOf!.map(({properties}) => properties!.kind.const as string).join(', ')}}`;
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map(describeType))].join(' or ');
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => describeType({...schema, type: String(type)})).join(' or ');
  }
  switch (schema.type) {
    case 'integer':
      return `integer${describeRange(schema)}`;
    case 'number':
      return `number${describeRange(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `list of: ${describeType(schema.items ?? {})}`;
    case 'object':
      if (typeof schema.additionalProperties === 'object') {
        return `by name: ${describeType(schema.additionalProperties)}`;
      }
      return `{${Object.keys(schema.properties ?? {}).join(', ')}}`;
    default:
      return schema.type === 'string' ? 'text' : String(schema.type);
  }
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function describeRange({minimum, maximum, exclusiveMinimum, exclusiveMaximum}: Schema): string {
  const low = minimum ?? exclusiveMinimum;
  const high = maximum === Number.MAX_SAFE_INTEGER ? undefined : (maximum ?? exclusiveMaximum);
  if (low === undefined) return high === undefined ? '' : ` up to ${high}`;
  if (high === undefined) return exclusiveMinimum === undefined ? ` from ${low}` : ` above ${low}`;
  return ` in ${exclusiveMinimum === undefined ? '[' : '('}${low}, ${high}${exclusiveMaximum === undefined ? ']' : ')'}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, content] of renderReferencePages()) {
    mkdirSync(dirname(join(REPOSITORY, path)), {recursive: true});
    writeFileSync(join(REPOSITORY, path), content);
  }
}

import {parseDocument, type Document} from 'yaml';
import {HypermorphError} from '../errors.js';
import {readFileText} from '../formats/files.js';
import {requireShallow} from '../formats/shallow.js';
import {explainFaults} from '../explain-schema.js';
import {applyOverrides} from './overrides.js';
import {trainingConfigSchema, type TrainingConfig} from './training-config.js';

/**
 * Read a training configuration: YAML, then overrides, then every default.
 *
 * @param overrides - `path=value` each, such as `optimiser.learningRate=1e-3`; later ones win.
 * @throws {HypermorphError} E_IO if the file cannot be read; E_CONFIG by path and value.
 */
export async function loadTrainingConfig(
  path: string,
  overrides: readonly string[] = [],
): Promise<TrainingConfig> {
  return decodeTrainingConfig(await readFileText(path), {where: path, overrides});
}

/** A document as plain values; a pattern without quotes begins with the sign of an alias. */
function valueOf(document: Document, where: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const alias = /Unresolved alias.*: (.*)$/.exec(reason)?.[1];
    throw new HypermorphError(
      'E_CONFIG',
      alias === undefined
        ? `${where}: must be YAML without aliases in aliases, got ${reason}.`
        : `${where}: a text that begins with * must stand in quotes, got *${alias}.`,
      {cause, ...(alias === undefined ? {} : {hint: `Write '*${alias}'.`})},
    );
  }
}

/** The same from a text; `where` names it in messages. */
export function decodeTrainingConfig(
  text: string,
  options: {readonly where: string; readonly overrides?: readonly string[]},
): TrainingConfig {
  const {where, overrides = []} = options;
  requireShallow(text, (fault) => {
    throw new HypermorphError('E_CONFIG', `${where}: ${fault}`);
  });
  const document = parseDocument(text, {logLevel: 'error'}); // its warnings would go to stderr past the logger
  if (document.errors.length > 0) {
    const [error] = document.errors;
    const line = error.linePos?.[0].line;
    throw new HypermorphError(
      'E_CONFIG',
      `${where}: must be YAML, got an error in line ${line ?? 1}: ${error.message.split('\n')[0]}`,
      {cause: error},
    );
  }
  applyOverrides(document, overrides);
  const settings = valueOf(document, where) ?? {};
  const result = trainingConfigSchema.safeParse(settings);
  if (result.success) return result.data;
  const {error} = result;
  const [first, ...others] = explainFaults(trainingConfigSchema, settings, error, {
    whole: 'the configuration',
  });
  throw new HypermorphError('E_CONFIG', `${where}: ${first}`, {
    cause: error,
    ...(others.length === 0 ? {} : {hint: `Also: ${others.join(' ')}`}),
  });
}

import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {formatValue} from '../explain-schema.js';

/** Settings that were changed when a training was resumed. */
export interface SettingsChange {
  /** After so many steps. */
  readonly step: number;
  /** By the path of the setting: what it was, and what it is. */
  readonly settings: Readonly<Record<string, readonly [from: unknown, to: unknown]>>;
}

/** What gives the weights their meaning: where one of these changes, what was learned is no longer true. */
const MEANING = ['architecture', 'grid', 'normalisation', 'loss', 'lambda', 'trains'] as const;

/** What says nothing about how the weights came about. */
const UNTOLD: readonly string[] = ['checkpointEverySteps', 'logEverySteps', 'dataDescription'];

/**
 * Compare the settings of a training with those that it is to go on with.
 *
 * @returns What changes and may; null where nothing does.
 * @throws {HypermorphError} E_CONFIG that names what must not change, with both values.
 */
export function compareSettings(
  before: Readonly<Record<string, unknown>>,
  now: TrainingConfig,
  step: number,
): SettingsChange | null {
  const changes = differencesOf(before, now, '').filter(({path}) => !UNTOLD.includes(path));
  const forbidden = changes.find(({path}) => MEANING.some((key) => isWithin(path, key)));
  if (forbidden) {
    const {path, from, to} = forbidden;
    throw new HypermorphError(
      'E_CONFIG',
      `train: ${path} must stay ${formatValue(from)} where a run is resumed, got ${formatValue(to)}: the weights have their meaning by it.`,
      {hint: 'Resume with the earlier setting, or start a new run with `initialModel`.'},
    );
  }
  if (changes.length === 0) return null;
  return {
    step,
    settings: Object.fromEntries(changes.map(({path, from, to}) => [path, [from, to]])),
  };
}

function isWithin(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`);
}

interface Difference {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** The settings in which two groups differ, lists as a whole. */
function differencesOf(before: unknown, now: unknown, path: string): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  if (!isGroup(before) || !isGroup(now)) return [{path, from: before ?? null, to: now ?? null}];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.flatMap((key) =>
    differencesOf(before[key], now[key], path === '' ? key : `${path}.${key}`),
  );
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import * as nodeTest from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type {NativeAddon} from '../../src/engines/native/addon.js';
import {loadAddon} from '../../src/engines/native/open-addon.js';
import {NATIVE_BACKEND, type NativeBackend} from '../../src/engines/native/backend.js';
import {registerNativeBackend} from '../../src/engines/native/register-backend.js';
import {findAddon} from '../../src/engines/native/open-addon.js';

/** Why there is no addon to test; undefined where there is one. One that is there and does not load fails the tests. */
export const nativeMissing = reasonOf(() => findAddon());

function reasonOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const skip = nativeMissing ?? false;

/** As in node:test, but skipped with the reason where there is no addon. */
export function test(
  title: string,
  body: (context: nodeTest.TestContext) => void | Promise<void>,
): void {
  void nodeTest.test(title, {skip}, body);
}

/** As in node:test, but skipped with the reason where there is no addon. */
export function describe(title: string, body: () => void): void {
  void nodeTest.describe(title, {skip}, body);
}

/** The addon; undefined, behind its type, where every test that would use it is skipped. */
export function testedAddon(): NativeAddon {
  return nativeMissing === undefined ? loadAddon() : (undefined as unknown as NativeAddon);
}

/** Instruction sets that the addon has; none where it is missing. */
export function testedIsas(): ReturnType<NativeAddon['compiledIsas']> {
  return nativeMissing === undefined ? loadAddon().compiledIsas() : [];
}

/** The native engine with two threads, made current; undefined, behind its type, where there is no addon. */
export async function testedBackend(): Promise<NativeBackend> {
  if (nativeMissing !== undefined) return undefined as unknown as NativeBackend;
  const backend = registerNativeBackend({threads: 2});
  await tf.setBackend(NATIVE_BACKEND);
  return backend;
}

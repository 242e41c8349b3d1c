import * as tf from '@tensorflow/tfjs-core';

/**
 * An operation on tensors: what every engine computes, and the border between the house's types and TensorFlow.js' untyped maps.
 *
 * Engines with a kernel of their own register it with `registerTensorKernel`; on all others the portable twin runs, through which
 * TensorFlow.js differentiates by itself.
 */
export interface TensorOperation<
  Inputs extends object,
  Attributes extends object,
  Result,
  Saved extends (keyof Inputs & string) | 'result' = never,
> {
  /** The name that the operation has in every engine and in the native code, such as `warp`. */
  readonly name: string;
  /** The same in TensorFlow.js operations. */
  readonly portable: (inputs: Inputs, attributes: Attributes) => Result;
  /** What an engine's own gradient reads beside the gradient of the result: inputs, then `result` itself if it is among them. */
  readonly saves?: readonly Saved[];
}

/** An operation's inputs as a kernel sees them. */
export type InfosOf<Inputs> = {readonly [Name in keyof Inputs]: tf.TensorInfo};
/** Inputs of TensorFlow.js' own operations, by name. */
export type Operands<Names extends string> = Readonly<Record<Names, tf.TensorInfo>>;
/** Gradients by an operation's inputs, each computed when it is asked for; those of inputs that are missing are never asked for. */
export type GradientsOf<Inputs> = {readonly [Name in keyof Inputs]-?: () => tf.Tensor};

/** An engine's own kernel for an operation, and its gradient where the operation has one. */
export interface TensorKernel<
  Backend,
  Inputs extends object,
  Attributes extends object,
  Saved extends string,
> {
  readonly run: (
    backend: Backend,
    inputs: InfosOf<Inputs>,
    attributes: Attributes,
  ) => tf.TensorInfo | tf.TensorInfo[];
  readonly gradient?: (
    backend: Backend,
    dy: tf.Tensor,
    saved: Readonly<Record<Saved, tf.Tensor>>,
    attributes: Attributes,
  ) => GradientsOf<Inputs>;
}

/** A gradient as TensorFlow.js calls it, with the engine of its tensors in front. */
export type BackendGradient = (
  backend: tf.KernelBackend,
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: tf.NamedAttrMap,
) => ReturnType<tf.GradFunc>;

/** A kernel whose types were checked where it was made: what `registerTensorKernel` takes. */
export interface CheckedKernel {
  readonly kernelName: string;
  readonly kernelFunc: tf.KernelFunc;
  /** Names in the order in which TensorFlow.js hands them to the gradient. */
  readonly saves: readonly string[];
  readonly gradient?: BackendGradient;
}

/** Under this name TensorFlow.js finds the kernels of an operation; its own kernels have none with a point. */
export function kernelNameOf({name}: {readonly name: string}): string {
  return `hypermorph.${name}`;
}

/**
 * Run an operation: the current engine's own kernel where it has one, else the portable twin.
 *
 * @param inputs - Not modified.
 * @returns The operation's result. The caller disposes it.
 */
export function runTensors<
  Inputs extends object,
  Attributes extends object,
  Result extends tf.TensorContainer,
>(
  operation: Pick<TensorOperation<Inputs, Attributes, Result>, 'name' | 'portable'>,
  inputs: Inputs,
  attributes: Attributes,
): Result {
  if (!isImplemented(operation)) return tf.tidy(() => operation.portable(inputs, attributes));
  return tf
    .engine()
    .runKernel(
      kernelNameOf(operation),
      inputs as tf.NamedTensorMap,
      attributes as tf.NamedAttrMap,
    ) as Result;
}

/** Whether the current engine has a kernel of its own for an operation. */
export function isImplemented(operation: {readonly name: string}): boolean {
  return tf.getKernel(kernelNameOf(operation), tf.getBackend()) !== undefined;
}

/** Tie an engine's kernel to the operation it implements; the operation's types hold for both. */
export function implement<
  Backend,
  Inputs extends object,
  Attributes extends object,
  Saved extends (keyof Inputs & string) | 'result',
>(
  operation: TensorOperation<Inputs, Attributes, unknown, Saved>,
  kernel: TensorKernel<Backend, Inputs, Attributes, Saved>,
): CheckedKernel {
  const {saves = []} = operation;
  const {gradient} = kernel;
  const checked = {...replace(kernelNameOf(operation), kernel.run), saves};
  if (gradient === undefined) return checked;
  return {
    ...checked,
    gradient: (backend, dy, saved, attributes) => {
      const byName = Object.fromEntries(saves.map((name, n) => [name, saved[n]]));
      return gradient(
        backend as Backend,
        dy,
        byName as Record<Saved, tf.Tensor>,
        attributes as unknown as Attributes,
      );
    },
  };
}

/**
 * An engine's own kernel for an operation of TensorFlow.js.
 *
 * @param run - Gets the call as it came in, too, to hand on what it does not cover.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- The caller says what TensorFlow.js leaves untyped.
export function replace<Backend, Inputs, Attributes>(
  kernelName: string,
  run: (
    backend: Backend,
    inputs: Inputs,
    attributes: Attributes,
    call: Parameters<tf.KernelFunc>[0],
  ) => tf.TensorInfo | tf.TensorInfo[],
): CheckedKernel {
  return {
    kernelName,
    saves: [],
    kernelFunc: (call) =>
      run(
        call.backend as Backend,
        call.inputs as unknown as Inputs,
        call.attrs as unknown as Attributes,
        call,
      ),
  };
}

/** Gradients of every engine, by the name of the kernel. */
const gradientsOf = new WeakMap<tf.KernelBackend, Map<string, BackendGradient>>();

/**
 * Register a kernel for an engine's backend.
 *
 * TensorFlow.js knows one gradient for each name of a kernel, whatever engine runs: it is looked up by the engine that holds the
 * tensors.
 */
export function registerTensorKernel(
  backendName: string,
  backend: tf.KernelBackend,
  {kernelName, kernelFunc, saves, gradient}: CheckedKernel,
): void {
  if (tf.getKernel(kernelName, backendName) !== undefined)
    tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({kernelName, backendName, kernelFunc});
  if (gradient === undefined) return;
  const known = gradientsOf.get(backend) ?? new Map<string, BackendGradient>();
  gradientsOf.set(backend, known.set(kernelName, gradient));
  if (tf.getGradient(kernelName) !== undefined) return;
  tf.registerGradient({
    kernelName,
    inputsToSave: saves.filter((name) => name !== 'result'),
    outputsToSave: saves.includes('result') ? [true] : [],
    gradFunc: (dy, saved, attributes) => {
      const [first] = Array.isArray(dy) ? dy : [dy];
      const {backend: engine} = tf.engine().state.tensorInfo.get((saved.at(-1) ?? first).dataId)!;
      return gradientsOf.get(engine)!.get(kernelName)!(engine, first, saved, attributes);
    },
  });
}

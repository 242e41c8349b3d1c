import * as tf from '@tensorflow/tfjs-core';
import type {CheckedKernel} from '../../kernels/tensor-operation.js';

/** Gradients that our own kernels made; a tape holds each for one tensor and reads it once. */
const ownGradients = new WeakSet<tf.Tensor>();
/** What the previous node of the tape that is being walked has read. */
let read: readonly tf.Tensor[] = [];

/**
 * The same kernel, whose gradient gives memory back while a tape is walked instead of at its end: what the forward pass saved for
 * a node, and the gradient that reached it.
 *
 * All gradients of a node are computed before the next node is asked for its own. Second derivatives would read them again,
 * so nothing is given back within another tape.
 */
export function releasingMemory(kernel: CheckedKernel): CheckedKernel {
  const {gradient} = kernel;
  if (gradient === undefined) return kernel;
  return {
    ...kernel,
    gradient: (backend, dy, saved, attributes) => {
      if (tf.engine().state.gradientDepth > 0) return gradient(backend, dy, saved, attributes);
      tf.dispose([...read]);
      read = ownGradients.has(dy) ? [...saved, dy] : saved;
      return rememberResults(gradient(backend, dy, saved, attributes));
    },
  };
}

type Gradients = ReturnType<tf.GradFunc>;

function rememberResults(gradients: Gradients): Gradients {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, compute]) => [
      name,
      () => {
        const result = compute();
        ownGradients.add(result);
        return result;
      },
    ]),
  );
}

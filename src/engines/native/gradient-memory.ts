import * as tf from '@tensorflow/tfjs-core';

/** Gradients that our own kernels made; a tape holds each for one tensor and reads it once. */
const ownGradients = new WeakSet<tf.Tensor>();
/** What the previous node of the tape that is being walked has read. */
let read: readonly tf.Tensor[] = [];

/**
 * The same gradient, with memory given back while a tape is walked instead of at its end: what the forward pass saved for a
 * node, and the gradient that reached it.
 *
 * All gradients of a node are computed before the next node is asked for its own. Second derivatives would read them again,
 * so nothing is given back within another tape.
 */
export function releasingMemory(gradient: tf.GradConfig): tf.GradConfig {
  return {
    ...gradient,
    gradFunc: (dy, saved, attributes) => {
      if (tf.engine().state.gradientDepth > 0) return gradient.gradFunc(dy, saved, attributes);
      tf.dispose([...read]);
      const incoming = Array.isArray(dy) ? dy : [dy];
      read = [...saved, ...incoming.filter((one) => ownGradients.has(one))];
      return rememberResults(gradient.gradFunc(dy, saved, attributes));
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

import {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../errors.js';
import type {Precision} from '../engine.js';
import type {NativeAddon} from './addon.js';
import {BufferPool} from './buffer-pool.js';

/** Name under which the engine is registered with TensorFlow.js. */
export const NATIVE_BACKEND = 'native';

type Values = ReturnType<MathBackendCPU['readSync']>;
type DataId = Parameters<MathBackendCPU['readSync']>[0];

/**
 * TensorFlow.js' own CPU backend with pooled buffers and the addon's kernels.
 *
 * It inherits every kernel of the `cpu` backend; those in kernels/ are replaced.
 */
export class NativeBackend extends MathBackendCPU {
  readonly addon: NativeAddon;
  readonly pool: BufferPool;
  /** Of forward convolutions. bf16 runs on every instruction set; whether it is worth it is for the caller to know. */
  precision: Precision = 'float32';

  constructor(addon: NativeAddon) {
    super();
    this.addon = addon;
    this.pool = new BufferPool((memory) => {
      addon.useHugePages(memory);
    });
    // The parent recommends another backend at its first use.
    Reflect.set(this, 'firstUse', false);
  }

  /**
   * A tensor for a kernel to fill: pooled memory, contents undefined.
   *
   * @returns The tensor and its values.
   */
  allocateOutput(shape: readonly number[]): {info: tf.TensorInfo; values: Float32Array} {
    const values = this.pool.allocate(tf.util.sizeFromShape([...shape]));
    return {info: this.makeTensorInfo([...shape], 'float32', values), values};
  }

  /** The values of a float32 tensor, for reading inside a kernel only. */
  floats(tensor: tf.TensorInfo): Float32Array {
    const values = this.data.get(tensor.dataId).values;
    if (values instanceof Float32Array) return values;
    if (ArrayBuffer.isView(values) || Array.isArray(values))
      return Float32Array.from(values as ArrayLike<number>);
    throw new HypermorphError(
      'E_SHAPE',
      `native engine: a kernel's tensor must be float32, got ${tensor.dtype}.`,
    );
  }

  /** Whether a tensor's memory is the pool's and no other tensor or caller can see it, so that it may be changed in place. */
  isPrivate({dataId}: tf.TensorInfo): boolean {
    const {values} = this.data.get(dataId);
    return this.refCount(dataId) === 1 && this.pool.isPrivate(values);
  }

  override write(values: Values, shape: number[], dtype: tf.DataType): DataId {
    this.pool.retain(values);
    return super.write(values, shape, dtype);
  }

  override move(
    dataId: DataId,
    values: Values,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    this.pool.retain(values);
    super.move(dataId, values, shape, dtype, refCount);
  }

  /** The caller may keep the values, so those of pooled memory are copied. */
  override readSync(dataId: DataId): Values {
    const values = super.readSync(dataId);
    return this.pool.owns(values) ? (values as Float32Array).slice() : values;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return super.disposeData(dataId, force);
    const {values} = this.data.get(dataId);
    const isGone = super.disposeData(dataId, force);
    if (isGone) this.pool.release(values);
    return isGone;
  }
}

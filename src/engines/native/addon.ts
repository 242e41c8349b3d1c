/** One instruction set the addon was built for. */
export interface CompiledIsa {
  readonly isa: string;
  /** Whether this processor can run it. */
  readonly supported: boolean;
}

/** Limits of this machine, measured on all threads of the engine. */
export interface MachinePeak {
  /** Fused multiply-adds on registers, 10^9 floating-point operations per second. */
  readonly gflops: number;
  /** Copying 128 MiB, bytes read plus written, 10^9 per second. */
  readonly gigabytesPerSecond: number;
}

/**
 * `shape` holds the 26 integers of ConvShape in src/native/kernels/conv.h; `y` is filled. With a `window` of ones and twos it gets the
 * largest value of every window (not by the reference).
 */
export type ConvFunction = (
  shape: Int32Array,
  slope: number,
  x: Float32Array,
  coarse: Float32Array | null,
  filter: Float32Array,
  bias: Float32Array | null,
  y: Float32Array,
  window?: Int32Array,
) => void;

/** Fills `dx` and, where there is a coarse input, `dcoarse`. */
export type ConvInputGradientFunction = (
  shape: Int32Array,
  slope: number,
  filter: Float32Array,
  y: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  dcoarse: Float32Array | null,
) => void;

/** Fills `dfilter` and, unless it is null, `dbias`. */
export type ConvFilterGradientFunction = (
  shape: Int32Array,
  slope: number,
  x: Float32Array,
  coarse: Float32Array | null,
  y: Float32Array,
  dy: Float32Array,
  dfilter: Float32Array,
  dbias: Float32Array | null,
) => void;

/**
 * The functions of hypermorph.node. They check sizes, fill the arrays they are given and keep no reference. Each file of kernels/ adds
 * those that it calls.
 */
export interface NativeAddon {
  isa(): string;
  lanes(): number;
  compiledIsas(): CompiledIsa[];
  setIsa(isa: string): void;
  threads(): number;
  /** @param count - 0 for the default: HYPERMORPH_THREADS, else the number of processors. */
  setThreads(count: number): void;
  scratchBytes(): number;
  scratchPeakBytes(): number;
  releaseScratch(): void;
  /** Ask the system for large pages under an array; only advice. */
  useHugePages(array: Float32Array): void;
  measurePeak(): MachinePeak;
  /** Whether suitable convolutions use Winograd's algorithm; true unless set. */
  setWinograd(allowed: boolean): void;
  /**
   * End the process shortly after the second signal of those for which it listens, also while a kernel computes and no listener
   * is called. Nothing on Windows.
   *
   * @param received - How many have come already.
   */
  exitOnSecondSignal(exitCode: number, received: number): void;

  conv: ConvFunction;
  /** As `conv`; large layers multiply in bfloat16 (src/native/kernels/conv.h). */
  convBf16: ConvFunction;
  convInputGradient: ConvInputGradientFunction;
  convFilterGradient: ConvFilterGradientFunction;
  /** Naive twins with double sums, for tests. */
  convReference: ConvFunction;
  convInputGradientReference: ConvInputGradientFunction;
  convFilterGradientReference: ConvFilterGradientFunction;
}

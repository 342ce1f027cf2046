import type { KernelBinding } from "../wgsl/index.ts";

export type Backend = "cuda" | "opencl" | "webgpu" | "null";

/** What a device is made of. Kernels choose their shape by it: a CPU wants few long items, a GPU many short ones. */
export type DeviceKind = "gpu" | "cpu" | "null";

export type Feature = "f16" | "f64" | "i64" | "subgroups" | "timestamps";

export interface Limits {
  /** Largest single allocation, in bytes. */
  readonly bufferBytes: number;
  /** Largest region one binding may cover, in bytes. */
  readonly bindingBytes: number;
  readonly storageBuffers: number;
  readonly workgroupThreads: number;
  readonly workgroupSize: readonly [number, number, number];
  readonly workgroupBytes: number;
  readonly workgroupsPerDimension: number;
  /** Views start at multiples of this many bytes. */
  readonly viewAlignment: number;
  /** Total device memory as the driver reports it, or `undefined` where it does not. */
  readonly memoryBytes: number | undefined;
}

/** A physical device as discovered: cheap, not opened. */
export interface Adapter {
  readonly backend: Backend;
  /** Position among the adapters of its backend; `id` is `backend:index`. */
  readonly index: number;
  readonly id: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly vendor: string;
  readonly driver: string;
  readonly limits: Limits;
  readonly features: ReadonlySet<Feature>;
  /** Opens a new, independent device. Rejects with UNSUPPORTED or DEVICE_LOST. */
  open(options?: OpenOptions): Promise<Device>;
}

export interface OpenOptions {
  /** The longest any wait or read may take before the device counts as hung: TIMEOUT, then lost. Default 60,000. */
  readonly timeoutMs?: number;
  /** Where compiled kernels are kept; `false` turns the disk cache off. */
  readonly cacheDirectory?: string | false;
}

/** A region of device memory. Freed on dispose; using it afterwards throws BUFFER_DISPOSED. */
export interface DeviceBuffer extends Disposable {
  readonly device: Device;
  readonly byteLength: number;
  readonly label: string;
  readonly disposed: boolean;
  /** A non-owning slice. `byteOffset` must be a multiple of `limits.viewAlignment`. */
  view(byteOffset: number, byteLength?: number): BufferView;
  dispose(): void;
}

export interface BufferView {
  readonly buffer: DeviceBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What a dispatch may bind: device memory, or up to 64 KiB of host data that the kernel reads, copied at once. */
export type Bindable = DeviceBuffer | BufferView | ArrayBufferView;

/** Bindings by the names of the kernel's `var` declarations. */
export type Bindings = Readonly<Record<string, Bindable>>;

/** One compute entry point, compiled for one device. */
export interface Kernel extends Disposable {
  readonly device: Device;
  readonly label: string;
  readonly entryPoint: string;
  readonly workgroupSize: readonly [number, number, number];
  readonly bindings: readonly KernelBinding[];
  /** True when the compiled form came from the disk cache. */
  readonly cached: boolean;
  dispose(): void;
}

export interface CompileOptions {
  /** Which `@compute` function; may be left out when there is only one. */
  readonly entryPoint?: string | undefined;
  /** Values for `override` declarations, by name or by `@id`. 64-bit integers past 2^53 are bigints. */
  readonly constants?: Readonly<Record<string, number | bigint | boolean>> | undefined;
  /** Leaves out-of-bounds clamping away. Only for kernels whose bounds a test proves. */
  readonly unchecked?: boolean | undefined;
  /** Lets the compiler fuse `a * b + c` into one rounding. WGSL permits it; the default keeps both roundings. */
  readonly contract?: boolean | undefined;
  readonly label?: string | undefined;
}

/** A count of workgroups in up to three dimensions. */
export type Grid = number | readonly [number, number?, number?];

/** Collects device time for the work it is passed to; a device-side copy counts as a kernel where it is timed at all. */
export interface Timer {
  /** Milliseconds measured so far by the device's own clock; `undefined` where it has none. Call after a wait or read. */
  result(): Promise<TimerResult>;
}

export interface TimerResult {
  readonly uploadMs: number | undefined;
  readonly kernelMs: number | undefined;
  readonly downloadMs: number | undefined;
}

export interface WorkOptions {
  readonly timer?: Timer | undefined;
}

/** Storage and arithmetic of a matrix product. Sums are f32, or f64 for f64; `tf32` stores f32 and may round its inputs. */
export type ProductType = "f32" | "tf32" | "f16" | "bf16" | "f64";

/**
 * `out = alpha * op(a) * op(b) + beta * c`, row-major, `op` a transpose where asked. Per batch item, `a` is m x k as stored
 * (k x m when transposed), `b` k x n (n x k), `c` and `out` m x n.
 */
export interface MatrixProduct {
  readonly type: ProductType;
  readonly a: DeviceBuffer | BufferView;
  readonly b: DeviceBuffer | BufferView;
  /** Present exactly when `beta` is not 0. */
  readonly c?: DeviceBuffer | BufferView | undefined;
  readonly out: DeviceBuffer | BufferView;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
  /** Elements from one batch item to the next of `a`, `b` and `c`; 0 uses one item for all. `out` is dense. */
  readonly strideA: number;
  readonly strideB: number;
  readonly strideC: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
  readonly beta: number;
}

/** The vendor's own matrix products, where a device has them: cuBLAS. */
export interface Blas {
  /** Library and version, for reports. */
  readonly name: string;
  /** Enqueues one product in call order. Throws INVALID_ARGUMENT; failures of enqueued work surface at the next wait. */
  multiply(work: MatrixProduct, options?: WorkOptions): void;
}

export interface DeviceLoss {
  readonly reason: "disposed" | "timeout" | "driver";
  readonly message: string;
}

export interface DeviceMemory {
  readonly inUseBytes: number;
  readonly peakBytes: number;
  readonly buffers: number;
  readonly kernels: number;
  /** Bytes the driver says are free, or `undefined` where it does not say. */
  readonly freeBytes: number | undefined;
}

/**
 * An opened adapter. Work is enqueued in call order on one queue and never blocks JavaScript; failures of enqueued
 * work surface at the next `wait` or `read`. After a fatal error every call throws or rejects with DEVICE_LOST.
 * An open device neither keeps the process alive nor burns a core.
 */
export interface Device extends AsyncDisposable {
  readonly adapter: Adapter;
  readonly label: string;
  /** Resolves once, when the device can no longer be used. Never rejects. */
  readonly lost: Promise<DeviceLoss>;
  readonly isLost: boolean;
  readonly blas: Blas | undefined;

  /** New zero-filled memory. Throws OUT_OF_MEMORY, or surfaces it at the next wait where the driver allocates lazily. */
  allocate(byteLength: number, label?: string): DeviceBuffer;
  /**
   * Enqueues an upload. `data` is copied before the call returns, so it may be reused at once. Uploads and copies move
   * whole 4-byte words: the rest of the last one may be overwritten.
   */
  write(target: DeviceBuffer | BufferView, data: ArrayBufferView, options?: WorkOptions): void;
  /** Waits for all earlier work and returns the bytes, into `into` when given. */
  read(source: DeviceBuffer | BufferView, into?: ArrayBufferView, options?: WorkOptions): Promise<Uint8Array>;
  /** Enqueues a device-side copy between regions of equal length that do not overlap. */
  copy(source: DeviceBuffer | BufferView, target: DeviceBuffer | BufferView, options?: WorkOptions): void;
  /** Checks, translates and compiles off the JavaScript thread. Rejects with INVALID_KERNEL, UNSUPPORTED or COMPILE_FAILED. */
  compile(wgsl: string, options?: CompileOptions): Promise<Kernel>;
  /** Enqueues a kernel over a grid of workgroups. Throws INVALID_ARGUMENT when a binding is missing, too small or aliased. */
  dispatch(kernel: Kernel, bindings: Bindings, grid: Grid, options?: WorkOptions): void;
  /**
   * Enqueues enough workgroups for `threads` threads per dimension. One number that needs more than 65,535 workgroups is
   * laid out in rows: the kernel's linear index is `id.x + id.y * num_workgroups.x * workgroup_size.x`.
   */
  dispatchThreads(kernel: Kernel, bindings: Bindings, threads: Grid, options?: WorkOptions): void;
  /** Resolves when all earlier work is done. Rejects with its first failure, TIMEOUT where it waited, or DEVICE_LOST. */
  wait(): Promise<void>;
  timer(): Timer;
  memory(): DeviceMemory;
  /** Frees everything and resolves when the driver let go. Safe to call twice. */
  dispose(): Promise<void>;
}

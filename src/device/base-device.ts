import { clearTimeout, setTimeout } from "node:timers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytesOf } from "../core/bytes.ts";
import { AikoError, isAikoError, toAikoError } from "../errors.ts";
import type { Target, Translation } from "../wgsl/index.ts";
import { Accounting } from "./accounting.ts";
import { BaseBuffer } from "./base-buffer.ts";
import { BaseKernel, type Program } from "./base-kernel.ts";
import { type BoundRegion, bindAll } from "./bindings.ts";
import { defaultCacheDirectory, KernelCache } from "./cache.ts";
import type {
  Adapter,
  Bindings,
  Blas,
  BufferView,
  CompileOptions,
  Device,
  DeviceBuffer,
  DeviceLoss,
  DeviceMemory,
  Grid,
  Kernel,
  OpenOptions,
  Timer,
  WorkOptions,
} from "./device.ts";
import { type Extent, workgroupsForThreads, workgroupsOf } from "./grid.ts";
import { assertRunnable } from "./kernel-limits.ts";
import { Loss, timeoutError } from "./loss.ts";
import { type Allocation, assertFits, nativeByteLength, overlaps, type Region, regionOf } from "./regions.ts";
import { DeviceTimer, type WorkKind } from "./timer.ts";
import { translated } from "./translations.ts";

/** What a backend's queue does with calls that passed every check. None of it blocks; failures go to `onFailure`. */
export interface BackendQueue<A extends Allocation, P extends Program> {
  write(target: Region<A>, bytes: Uint8Array, timer: DeviceTimer | undefined): void;
  copy(source: Region<A>, target: Region<A>, timer: DeviceTimer | undefined): void;
  dispatch(
    program: P,
    bound: readonly BoundRegion<A>[],
    groups: Extent,
    timer: DeviceTimer | undefined,
  ): void;
  /** Resolves when `into` holds the bytes. */
  read(source: Region<A>, into: Uint8Array, timer: DeviceTimer | undefined): Promise<void>;
  /** Resolves when everything enqueued so far is done. */
  finish(): Promise<void>;
}

export interface KernelSource {
  readonly translation: Translation;
  readonly label: string;
  /** Whether the translation has a flag that `interrupt` raises. */
  readonly watchdog: boolean;
  /** The same kernel with `promoteReads`. */
  promoted(): Promise<Translation>;
}

const defaultTimeoutMs = 60_000;
/** How long work of a lost device may take to end before its native memory is given up. */
const lostGraceMs = 2_000;
/** How long native memory is released without letting other work run. */
const releasingMs = 1;

/** Not from Node's shared pool, so that `bytes.buffer` holds nothing else; zeroing 64 MiB took 9 ms. */
function uninitialised(byteLength: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
}

function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Memory of buffers that were dropped without dispose. */
const dropped = new FinalizationRegistry<() => void>((release) => release());

/** The device contract, but for what differs between backends: every check, the accounting and the lost state. */
export abstract class BaseDevice<A extends Allocation, P extends Program> implements Device {
  readonly adapter: Adapter;
  readonly label: string;
  readonly timeoutMs: number;
  /** Where translations and compiled kernels are kept between runs. */
  protected readonly cache: KernelCache | undefined;
  protected abstract readonly queue: BackendQueue<A, P>;
  protected abstract readonly target: Target;
  protected abstract readonly clocks: ReadonlySet<WorkKind>;
  readonly #loss: Loss;
  readonly #accounting: Accounting;
  readonly #live = new Set<() => void>();
  /** Compilations under way: they use the driver, so that it stays until they end. */
  readonly #creating = new Set<Promise<unknown>>();
  #failure: AikoError | undefined;
  #disposal: Promise<void> | undefined;
  #sequence = 0;

  constructor(adapter: Adapter, options: OpenOptions) {
    this.adapter = adapter;
    this.label = `${adapter.name} (${adapter.id})`;
    this.timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const directory = options.cacheDirectory ?? defaultCacheDirectory();
    this.cache = directory === false ? undefined : new KernelCache(directory);
    this.#loss = new Loss(this.label);
    this.#accounting = new Accounting(adapter);
  }

  /** Zero-filled native memory. */
  protected abstract createAllocation(byteLength: number, label: string): A;
  protected abstract createProgram(source: KernelSource): Promise<P>;
  /** Ends work that can be ended, because nobody will see its result. */
  protected abstract interrupt(): void;
  /** Lets go of the driver once everything made with it was released; `hung` when its work never ends. */
  protected abstract close(hung: boolean): Promise<void>;

  /** Whether checked kernels are compiled so that `interrupt` ends them. */
  protected readonly watchdog: boolean = false;

  get blas(): Blas | undefined {
    return undefined;
  }

  protected get freeBytes(): number | undefined {
    return undefined;
  }

  get lost(): Promise<DeviceLoss> {
    return this.#loss.promise;
  }

  get isLost(): boolean {
    return this.#loss.current !== undefined;
  }

  allocate(byteLength: number, label = `buffer ${++this.#sequence}`): DeviceBuffer {
    this.#loss.assertUsable();
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot allocate ${byteLength} bytes for ${label}`,
      });
    }
    const native = nativeByteLength(byteLength);
    this.#accounting.reserve(native, label);
    let allocation: A;
    try {
      allocation = this.createAllocation(native, label);
    } catch (error) {
      this.#accounting.release(native);
      throw toAikoError(error);
    }
    const release = this.#releaseOnce(() => {
      this.#accounting.release(native);
      allocation.release();
    });
    const buffer = new BaseBuffer(this, allocation, byteLength, label, () => {
      dropped.unregister(allocation);
      release();
    });
    dropped.register(buffer, release, allocation);
    return buffer;
  }

  write(target: DeviceBuffer | BufferView, data: ArrayBufferView, options?: WorkOptions): void {
    this.#loss.assertUsable();
    const region = regionOf<A>(target, this);
    assertFits(data.byteLength, region, "write");
    if (data.byteLength === 0) return;
    this.queue.write({ ...region, byteLength: data.byteLength }, bytesOf(data), this.timerOf(options));
  }

  async read(
    source: DeviceBuffer | BufferView,
    into?: ArrayBufferView,
    options?: WorkOptions,
  ): Promise<Uint8Array> {
    this.#loss.assertUsable();
    const region = regionOf<A>(source, this);
    if (into !== undefined && into.byteLength < region.byteLength) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot read ${region.byteLength} bytes of ${region.label} into ${into.byteLength} bytes`,
      });
    }
    const bytes =
      into === undefined ? uninitialised(region.byteLength) : bytesOf(into).subarray(0, region.byteLength);
    const timer = this.timerOf(options);
    await this.#bounded(
      region.byteLength === 0 ? this.queue.finish() : this.queue.read(region, bytes, timer),
      "read",
    );
    return bytes;
  }

  copy(source: DeviceBuffer | BufferView, target: DeviceBuffer | BufferView, options?: WorkOptions): void {
    this.#loss.assertUsable();
    const from = regionOf<A>(source, this);
    const to = regionOf<A>(target, this);
    if (from.byteLength !== to.byteLength) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot copy ${from.label} to ${to.label}: ${from.byteLength} bytes are not ${to.byteLength}`,
        hint: "Copy between views of equal length.",
      });
    }
    if (overlaps(from, to)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot copy ${from.label} to ${to.label}: they overlap`,
        hint: "Copy through another buffer.",
      });
    }
    if (from.byteLength > 0) this.queue.copy(from, to, this.timerOf(options));
  }

  async compile(wgsl: string, options: CompileOptions = {}): Promise<Kernel> {
    this.#loss.assertUsable();
    const { label: given, ...rest } = options;
    const watchdog = this.watchdog && rest.unchecked !== true;
    const translateWith = (promoteReads: boolean) =>
      translated(wgsl, this.target, { ...rest, watchdog, promoteReads }, this.cache);
    const translation = await this.#loss.race(translateWith(false));
    this.#loss.assertUsable();
    const label = given ?? translation.entryPoint;
    assertRunnable(translation, label, this.adapter);
    const promoted = () => translateWith(true);
    const creating = this.createProgram({ translation, label, watchdog, promoted });
    const settled = creating.then(
      (program) => this.isLost && program.release(),
      () => {},
    );
    this.#creating.add(settled);
    settled.finally(() => this.#creating.delete(settled));
    const program = await this.#loss.race(creating);
    this.#accounting.addKernel();
    const release = this.#releaseOnce(() => {
      this.#accounting.removeKernel();
      program.release();
    });
    return new BaseKernel(this, translation, program, label, release);
  }

  dispatch(kernel: Kernel, bindings: Bindings, grid: Grid, options?: WorkOptions): void {
    const own = this.#kernelOf(kernel);
    this.#enqueue(own, bindings, workgroupsOf(grid, own.label, this.adapter.limits), options);
  }

  dispatchThreads(kernel: Kernel, bindings: Bindings, threads: Grid, options?: WorkOptions): void {
    const own = this.#kernelOf(kernel);
    const groups = workgroupsForThreads(threads, own.workgroupSize, own.label, this.adapter.limits);
    this.#enqueue(own, bindings, groups, options);
  }

  async wait(): Promise<void> {
    this.#loss.assertUsable();
    await this.#bounded(this.queue.finish(), "wait");
  }

  timer(): Timer {
    return new DeviceTimer(this, this.clocks);
  }

  memory(): DeviceMemory {
    return this.#accounting.snapshot(this.isLost ? undefined : this.freeBytes);
  }

  dispose(): Promise<void> {
    this.lose("disposed", "dispose was called");
    return this.#disposal ?? Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Ends the device: pending calls reject, native memory goes once the driver is done with it. */
  lose(reason: DeviceLoss["reason"], message: string): void {
    if (!this.#loss.lose({ reason, message })) return;
    this.interrupt();
    this.#disposal = this.#shutDown(
      reason === "disposed" ? this.timeoutMs : Math.min(this.timeoutMs, lostGraceMs),
    );
  }

  /** Throws DEVICE_LOST. */
  protected assertUsable(): void {
    this.#loss.assertUsable();
  }

  /** Makes the driver lose the device, as far as it can be made to. For tests. */
  simulateLoss(): void {
    this.lose("driver", "simulated");
  }

  /** Keeps the first failure of enqueued work for the next wait or read; a fatal one ends the device. */
  protected readonly onFailure = (error: AikoError): void => {
    if (isAikoError(error, "DEVICE_LOST")) this.lose("driver", error.message);
    else this.#failure ??= error;
  };

  async #shutDown(graceMs: number): Promise<void> {
    const idle = Promise.allSettled([this.queue.finish(), ...this.#creating]).then(() => true);
    const hung = !(await within(graceMs, idle, false));
    if (!hung) await this.#releaseAll();
    await this.close(hung);
  }

  async #releaseAll(): Promise<void> {
    let start = performance.now();
    for (const release of [...this.#live]) {
      release();
      if (performance.now() - start < releasingMs) continue;
      await nextTurn();
      start = performance.now();
    }
  }

  #releaseOnce(action: () => void): () => void {
    const release = () => {
      if (this.#live.delete(release)) action();
    };
    this.#live.add(release);
    return release;
  }

  #kernelOf(kernel: Kernel): BaseKernel {
    this.#loss.assertUsable();
    if (!(kernel instanceof BaseKernel) || kernel.device !== this) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Kernel ${kernel?.label ?? String(kernel)} was not compiled by ${this.label}`,
        hint: "Compile it with this device's compile.",
      });
    }
    if (kernel.disposed) {
      throw new AikoError("DISPOSED", { message: `Kernel ${kernel.label} was disposed` });
    }
    return kernel;
  }

  #enqueue(kernel: BaseKernel, bindings: Bindings, groups: Extent, options: WorkOptions | undefined): void {
    const bound = bindAll<A>(this, kernel, bindings);
    if (groups[0] === 0 || groups[1] === 0 || groups[2] === 0) return;
    this.queue.dispatch(kernel.program as P, bound, groups, this.timerOf(options));
  }

  /** Throws INVALID_ARGUMENT for a timer of another device. */
  protected timerOf(options: WorkOptions | undefined): DeviceTimer | undefined {
    const timer = options?.timer;
    if (timer === undefined) return undefined;
    if (timer instanceof DeviceTimer && timer.device === this) return timer;
    throw new AikoError("INVALID_ARGUMENT", {
      message: "The timer was made by another device",
      hint: `Make one with timer() of ${this.label}.`,
    });
  }

  /** Waits for `work` for at most `timeoutMs`, then reports the first failure of what was enqueued before. */
  async #bounded(work: Promise<void>, what: string): Promise<void> {
    let done = false;
    let reason: unknown;
    const ended = within(
      this.timeoutMs,
      work.then(() => true),
      false,
    );
    try {
      done = await this.#loss.race(ended);
    } catch (error) {
      reason = error;
    }
    // What failed first explains best why the wait itself failed.
    const failure = this.#failure ?? reason;
    this.#failure = undefined;
    if (failure !== undefined) throw toAikoError(failure);
    if (!done) {
      const message = `A ${what} on ${this.label} took longer than ${this.timeoutMs} ms`;
      this.lose("timeout", message);
      throw timeoutError(message);
    }
  }
}

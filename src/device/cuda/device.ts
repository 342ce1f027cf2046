import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import { BaseDevice, type KernelSource } from "../base-device.ts";
import type { Blas, Device, OpenOptions } from "../device.ts";
import { endDespiteHang, loadExitNow, onExit } from "../process.ts";
import type { WorkKind } from "../timer.ts";
import type { CudaAdapter } from "./adapter.ts";
import { CudaBlas } from "./blas.ts";
import { CudaAllocation } from "./buffer.ts";
import { type BuildTarget, buildProgram, type CudaProgram } from "./kernel.ts";
import type { CudaLibrary } from "./library.ts";
import { CudaQueue } from "./queue.ts";
import { Flag } from "./staging.ts";
import { CUDA_ERROR_OUT_OF_MEMORY, statusError, statusName } from "./status.ts";
import { DriverThread } from "./thread.ts";

const CU_CTX_SCHED_BLOCKING_SYNC = 4;
/** Node joins its threads when it ends: a kernel under way gets this long before the process leaves without. */
const exitDrainMs = 2000;

/** What is made before a device is there. */
interface Opened {
  readonly context: Handle;
  readonly calls: DriverThread;
  readonly leave: (code: number) => void;
}

export class CudaDevice extends BaseDevice<CudaAllocation, CudaProgram> {
  protected readonly queue: CudaQueue;
  protected readonly target = "cuda";
  protected readonly clocks: ReadonlySet<WorkKind> = new Set(["upload", "kernel", "download"]);
  protected override readonly watchdog = true;
  readonly #flag: Flag;
  readonly #library: CudaLibrary;
  readonly #context: Handle;
  readonly #calls: DriverThread;
  readonly #waits: DriverThread;
  readonly #buildTarget: BuildTarget;
  readonly #forget: () => void;
  #blas: CudaBlas | undefined;

  /** The context is current. */
  constructor(adapter: CudaAdapter, options: OpenOptions, { context, calls, leave }: Opened) {
    super(adapter, options);
    const { parts, gpu, limits } = adapter;
    const { library } = parts;
    this.#library = library;
    this.#context = context;
    this.#calls = calls;
    this.#waits = new DriverThread(library.path, context);
    const { onFailure } = this;
    const memoryBytes = limits.memoryBytes ?? limits.bufferBytes;
    const queue = new CudaQueue({ library, context, waits: this.#waits, memoryBytes, onFailure });
    this.queue = queue;
    this.#flag = new Flag(library);
    this.#forget = onExit((code) => {
      this.interrupt();
      if (!queue.drain(exitDrainMs)) leave(code);
    });
    this.#buildTarget = {
      library,
      calls,
      compiler: parts.compiler,
      capability: gpu.capability,
      driver: `${adapter.name}, ${adapter.driver}`,
      cache: this.cache,
      watchdog: this.#flag.address,
      release: (program, unload) => queue.release(program, unload),
    };
    if (parts.cublas !== undefined) {
      this.#blas = new CudaBlas({
        device: this,
        library,
        calls,
        queue,
        cublas: parts.cublas,
        companions: parts.cublasCompanions,
        timerOf: (work) => this.timerOf(work),
        assertUsable: () => this.assertUsable(),
        onMissing: () => {
          this.#blas = undefined;
        },
      });
    }
  }

  override get blas(): Blas | undefined {
    return this.#blas;
  }

  protected override get freeBytes(): number | undefined {
    return this.queue.freeBytes;
  }

  protected createAllocation(byteLength: number, label: string): CudaAllocation {
    const block = this.queue.allocate(byteLength, label);
    return new CudaAllocation(block, byteLength, this.queue.free);
  }

  protected createProgram({ translation, label, watchdog }: KernelSource): Promise<CudaProgram> {
    const target = watchdog ? this.#buildTarget : { ...this.#buildTarget, watchdog: undefined };
    return buildProgram(target, translation, label);
  }

  protected interrupt(): void {
    this.#flag.raise();
  }

  protected async close(hung: boolean): Promise<void> {
    if (hung) {
      this.#forget();
      this.#calls.abandon();
      this.#waits.abandon();
      await endDespiteHang();
      return;
    }
    this.#forget();
    await this.#blas?.release();
    this.queue.close();
    this.#flag.release();
    this.#library.enter(0);
    await this.#calls.call("cuCtxDestroy_v2", [this.#context]);
    await Promise.all([this.#calls.end(), this.#waits.end()]);
  }
}

/** Rejects with OUT_OF_MEMORY, UNSUPPORTED or DEVICE_LOST. */
export async function openCudaDevice(adapter: CudaAdapter, options: OpenOptions): Promise<Device> {
  const { library } = adapter.parts;
  const leave = await loadExitNow();
  const calls = new DriverThread(library.path);
  const made = library.pinned(8);
  const args = [made.address, CU_CTX_SCHED_BLOCKING_SYNC, adapter.gpu.ordinal];
  const status = await calls.call("cuCtxCreate_v2", args, made);
  if (status !== 0) {
    await calls.end();
    throw openError(adapter, status);
  }
  const context = Number(new DataView(made.bytes.buffer, made.bytes.byteOffset).getBigUint64(0, true));
  library.enter(context);
  try {
    return new CudaDevice(adapter, options, { context, calls, leave });
  } catch (error) {
    await calls.call("cuCtxDestroy_v2", [context]);
    await calls.end();
    throw error;
  }
}

const deviceUnavailable = 46;

function openError({ name, gpu }: CudaAdapter, status: number): AikoError {
  const action = `Opening ${name}`;
  if (status === CUDA_ERROR_OUT_OF_MEMORY) return statusError(status, action);
  const busy = status === deviceUnavailable;
  return new AikoError("DEVICE_LOST", {
    message: `${action} failed: ${statusName(status)}`,
    hint: busy
      ? `Another program may hold it alone: sudo nvidia-smi -i ${gpu.ordinal} -c DEFAULT`
      : "Run nvidia-smi to see how the GPU is.",
  });
}

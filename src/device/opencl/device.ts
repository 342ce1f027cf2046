import { BaseDevice, type KernelSource } from "../base-device.ts";
import type { OpenOptions } from "../device.ts";
import { endDespiteHang, onExit } from "../process.ts";
import type { WorkKind } from "../timer.ts";
import type { OpenClAdapter } from "./adapter.ts";
import { OpenClAllocation } from "./buffer.ts";
import { type BuildTarget, buildProgram, type OpenClProgram } from "./kernel.ts";
import { callAsync, type Handle, type Library, type Pinned } from "./library.ts";
import { OpenClQueue } from "./queue.ts";
import { check } from "./status.ts";

const watchdogBytes = 4096;
/** PoCL's threads crash when the process ends under a running kernel: what is enqueued gets this long to end first. */
const exitDrainMs = 2000;

export class OpenClDevice extends BaseDevice<OpenClAllocation, OpenClProgram> {
  protected readonly queue: OpenClQueue;
  protected readonly target = "opencl";
  protected readonly clocks: ReadonlySet<WorkKind> = new Set(["upload", "kernel", "download"]);
  protected override readonly watchdog: boolean;
  readonly #library: Library;
  readonly #context: Handle;
  readonly #flag: Pinned;
  readonly #flagMemory: OpenClAllocation | undefined;
  readonly #buildTarget: BuildTarget;
  readonly #forget: () => void;

  constructor(adapter: OpenClAdapter, options: OpenOptions) {
    super(adapter, options);
    const { library, handle: device } = adapter;
    const shared = adapter.kind === "cpu";
    this.#library = library;
    this.#context = library.cl.clCreateContext(0, 1, library.put(1, device), 0, 0, library.slot(0));
    check(library.int32At(0), `Opening ${adapter.name}`);
    this.queue = new OpenClQueue({
      library,
      context: this.#context,
      device,
      shared,
      viewAlignment: adapter.limits.viewAlignment,
      onFailure: this.onFailure,
    });
    this.watchdog = shared;
    this.#flag = library.pinned(watchdogBytes);
    this.#flag.bytes.fill(0);
    // Only a device that computes in host memory sees the flag while a kernel runs.
    if (shared)
      this.#flagMemory = new OpenClAllocation(library, this.#context, watchdogBytes, this.#flag.address);
    this.#forget = onExit(() => {
      this.interrupt();
      this.queue.drain(exitDrainMs);
    });
    this.#buildTarget = {
      library,
      context: this.#context,
      device,
      options: adapter.buildOptions,
      driver: `${adapter.name}, ${adapter.driver}`,
      cache: this.cache,
      watchdog: this.#flagMemory,
    };
  }

  protected createAllocation(byteLength: number): OpenClAllocation {
    return new OpenClAllocation(this.#library, this.#context, byteLength);
  }

  protected createProgram({ translation, label, watchdog }: KernelSource): Promise<OpenClProgram> {
    const target = watchdog ? this.#buildTarget : { ...this.#buildTarget, watchdog: undefined };
    return buildProgram(target, translation, label);
  }

  protected interrupt(): void {
    this.#flag.bytes[0] = 1;
  }

  protected async close(hung: boolean): Promise<void> {
    if (hung) {
      await endDespiteHang();
      return;
    }
    this.#forget();
    this.queue.release();
    this.#flagMemory?.release();
    // PoCL frees its compiler with the context: 150 ms.
    await callAsync(this.#library.cl.clReleaseContext, this, this.#context);
  }
}

import type { Adapter, Device, Timer } from "../device/device.ts";
import type { BufferPool, MemoryManager } from "../memory/index.ts";
import type { Meter } from "./meter.ts";

export type Placement = "gpu" | "cpu";

/** What one call computes and moves. */
export interface Work {
  readonly flops: number;
  /** Bytes the computation reads and writes, wherever it runs. */
  readonly bytes: number;
  /** Of these, input bytes that only the host holds: the GPU path uploads them. */
  readonly hostBytes: number;
  /** Input bytes that only a device holds: the CPU path downloads them. */
  readonly deviceBytes: number;
  readonly resultBytes: number;
}

/** How fast one place does an operation, for predictions. */
export interface Rate {
  readonly overheadMs: number;
  readonly flopsPerMs: number;
  readonly bytesPerMs: number;
}

export interface Rates {
  /** The CPU path's engine on this machine. */
  readonly engine: Rate;
  /** The GPU path on a device of kind "gpu". */
  readonly gpu: Rate;
  /** The GPU path on a device of kind "cpu": OpenCL or Vulkan in software. */
  readonly cpu: Rate;
}

export interface GpuContext {
  /** What `work` said of this call. */
  readonly work: Work;
  readonly device: Device;
  /** Reserve here what the call needs before it starts. */
  readonly memory: MemoryManager;
  readonly pool: BufferPool;
  /** Pass it to every write, dispatch and read. Absent unless somebody asked for the report. */
  readonly timer: Timer | undefined;
  readonly signal: AbortSignal | undefined;
  readonly meter: Meter;
}

export interface CpuContext {
  /** What `work` said of this call. */
  readonly work: Work;
  readonly signal: AbortSignal | undefined;
  readonly meter: Meter;
}

/** How concurrent calls of an operation become one call of it. */
export interface BatchFacet<Input, Output> {
  /** Inputs of one key can be merged; `undefined` keeps an input to itself. */
  key(input: Input): string | undefined;
  /** One input that computes all of them; it is disposed after its run where it can be. */
  merge(inputs: readonly Input[]): Input | Promise<Input>;
  /** The results of `inputs`, in order. They own `output` from now on. */
  split(output: Output, inputs: readonly Input[]): readonly Output[];
}

/** A named piece of work with two independent implementations that give the same result. */
export interface Operation<Input, Output> {
  readonly name: string;
  /** What runs the CPU path, for reports: "onnxruntime". */
  readonly engine: string;
  readonly rates: Rates;
  work(input: Input): Work;
  /** Why an adapter cannot do this call, where that is known before: with placement "auto" the CPU does it. */
  lacks?(input: Input, adapter: Adapter): string | undefined;
  /** Resolves when its device work is done, so that the work's failures are this call's failures. */
  gpu(input: Input, context: GpuContext): Promise<Output>;
  /**
   * The same in batches, for what exceeds the device's memory: tried when `gpu` rejects with OUT_OF_MEMORY. Resolves with
   * nothing where batches do not help.
   */
  stream?(input: Input, context: GpuContext): Promise<Output | undefined>;
  cpu(input: Input, context: CpuContext): Promise<Output>;
  /** Present where concurrent small calls may become one. */
  readonly batch?: BatchFacet<Input, Output> | undefined;
}

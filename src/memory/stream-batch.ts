import type { Timer, TimerResult } from "../device/device.ts";
import { AikoError, allowsFallback, isAikoError, toAikoError } from "../errors.ts";
import { abortError } from "./abort.ts";
import type { MemoryManager } from "./memory-manager.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import type { Reservation } from "./reservation.ts";
import {
  arraysOf,
  bytesOf,
  type Each,
  inShapeOf,
  listOf,
  part,
  type StreamBatch,
  type StreamOperation,
} from "./stream-operation.ts";
import { Turns } from "./turns.ts";
import { upload } from "./upload.ts";

export interface BatchRunnerOptions<Result extends StreamBatch> {
  /** Results whose memory may be used again; each is taken out. */
  readonly spares: Result[];
  readonly memory: MemoryManager | undefined;
  readonly signal: AbortSignal;
  readonly timer: Timer | undefined;
  readonly strict: boolean;
  readonly onFallback: ((error: AikoError) => void) | undefined;
  readonly onProgress: ((bytes: number, isOnDevice: boolean) => void) | undefined;
  readonly onTimes: ((times: StreamTimes) => void) | undefined;
}

/** Where the time of a batch went, in milliseconds; absent where nothing was measured. */
export interface StreamTimes extends Partial<TimerResult> {
  readonly cpuMs?: number;
}

/** A batch whose kernels are enqueued, or about to be. */
interface Launched<Result extends StreamBatch> {
  readonly reservation: Reservation;
  readonly outputs: readonly PoolBuffer[];
  readonly lengths: Promise<Each<Result, number>>;
  readonly timer: Timer | undefined;
}

/**
 * Takes batches through the device: each waits for memory, and then its upload, kernels and download overlap with those of
 * its neighbours. A batch holds its memory only while it is under way, so that it never waits for another's.
 */
export class BatchRunner<Batch extends StreamBatch, Result extends StreamBatch> {
  readonly #operation: StreamOperation<Batch, Result>;
  readonly #options: BatchRunnerOptions<Result>;
  readonly #uploads = new Turns();
  readonly #kernels = new Turns();
  readonly #processor = new Turns();
  #memory: MemoryManager | undefined;

  constructor(operation: StreamOperation<Batch, Result>, options: BatchRunnerOptions<Result>) {
    this.#operation = operation;
    this.#options = options;
    this.#memory = options.memory;
  }

  /** Rejects with an AikoError. */
  async run(batch: Batch, index: number): Promise<Result> {
    assertBatch(batch, index, this.#operation.name);
    const memory = this.#memory;
    if (memory === undefined) return this.#onProcessor(batch, index);
    try {
      const result = await this.#onDevice(memory, batch, index);
      this.#options.onProgress?.(bytesOf(batch) + bytesOf(result), true);
      return result;
    } catch (thrown) {
      this.#assertGoing();
      const error = toAikoError(thrown);
      const { strict, onFallback } = this.#options;
      if (this.#operation.cpu === undefined || strict || !allowsFallback(error)) throw error;
      if (error.code !== "OUT_OF_MEMORY") this.#memory = undefined;
      onFallback?.(error);
      return this.#onProcessor(batch, index);
    }
  }

  #onProcessor(batch: Batch, index: number): Promise<Result> {
    return this.#processor.take(async () => {
      this.#assertGoing();
      const { cpu, name } = this.#operation;
      if (cpu === undefined) {
        throw new AikoError("DEVICE_NOT_FOUND", {
          message: `${name} has no CPU path, and there is no device to run on`,
        });
      }
      const start = performance.now();
      let result: Result;
      try {
        result = await cpu.call(this.#operation, batch, { index, signal: this.#options.signal });
      } catch (error) {
        throw toAikoError(error);
      }
      this.#options.onTimes?.({ cpuMs: performance.now() - start });
      this.#options.onProgress?.(bytesOf(batch) + bytesOf(result), false);
      return result;
    });
  }

  async #onDevice(memory: MemoryManager, batch: Batch, index: number): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const { onTimes } = this.#options;
      // One for each batch: a timer keeps all that it measured, and a stream may be endless.
      const timer = onTimes === undefined ? this.#options.timer : memory.device.timer();
      const launched = await this.#uploads.take(() => this.#launch(memory, batch, index, timer));
      try {
        if (launched instanceof AikoError) throw launched;
        const result = await this.#download(launched, batch, index);
        if (timer !== undefined) onTimes?.(await timer.result());
        return result;
      } catch (error) {
        if (attempt > 1 || !isAikoError(error, "OUT_OF_MEMORY")) throw error;
      }
      await memory.relieve();
    }
  }

  /** The full device is the caller's to relieve; a budget that is too small is final and thrown. */
  async #launch(
    memory: MemoryManager,
    batch: Batch,
    index: number,
    timer: Timer | undefined,
  ): Promise<Launched<Result> | AikoError> {
    this.#assertGoing();
    const { signal } = this.#options;
    const arrays = arraysOf(batch);
    const outputBytes = listOf<Result, number>(this.#operation.outputBytes(batch));
    const residents = this.#operation.residents?.(memory) ?? [];
    const reservation = await memory.reserve(
      {
        label: `A batch of ${this.#operation.name}`,
        bytes: [
          ...arrays.map(({ byteLength }) => byteLength),
          ...outputBytes,
          ...(this.#operation.scratchBytes?.(batch) ?? []),
        ],
        residents,
      },
      { signal },
    );
    try {
      const loaded: PoolBuffer[] = [];
      for (const resident of residents) loaded.push(await reservation.load(resident, { timer, signal }));
      const inputs: PoolBuffer[] = [];
      for (const array of arrays) {
        const input = reservation.allocate(array.byteLength, `${this.#operation.name} input`);
        await upload(input, array, { timer, signal });
        inputs.push(input);
      }
      const outputs = outputBytes.map((bytes) =>
        reservation.allocate(bytes, `${this.#operation.name} output`),
      );
      const lengths = this.#kernels.take(() =>
        this.#enqueue({ memory, reservation, batch, index, loaded, inputs, outputs, timer }),
      );
      lengths.catch(() => undefined);
      return { reservation, outputs, lengths, timer };
    } catch (error) {
      reservation.dispose();
      if (isAikoError(error, "OUT_OF_MEMORY")) return error;
      throw error;
    }
  }

  async #enqueue(launch: {
    memory: MemoryManager;
    reservation: Reservation;
    batch: Batch;
    index: number;
    loaded: readonly PoolBuffer[];
    inputs: readonly PoolBuffer[];
    outputs: readonly PoolBuffer[];
    timer: Timer | undefined;
  }): Promise<Each<Result, number>> {
    this.#assertGoing();
    const { memory, reservation, batch, index, inputs, outputs, timer } = launch;
    const { signal } = this.#options;
    const isSingle = outputs.length === 1 && !Array.isArray(this.#operation.outputBytes(batch));
    const shorter = await this.#operation.gpu(
      inShapeOf<Batch, PoolBuffer>(ArrayBuffer.isView(batch), inputs),
      inShapeOf<Result, PoolBuffer>(isSingle, outputs),
      {
        device: memory.device,
        memory,
        batch,
        index,
        residents: launch.loaded,
        timer,
        signal,
        allocate: (byteLength, label) => reservation.allocate(byteLength, label),
      },
    );
    const whole = outputs.map(({ byteLength }) => byteLength);
    return shorter ?? inShapeOf<Result, number>(isSingle, whole);
  }

  async #download(
    { reservation, outputs, lengths, timer }: Launched<Result>,
    batch: Batch,
    index: number,
  ): Promise<Result> {
    using _ = reservation;
    const byteLengths = await lengths;
    this.#assertGoing();
    const counts = listOf<Result, number>(byteLengths);
    const result = this.#spare(counts) ?? this.#operation.host(byteLengths, batch, index);
    const arrays = arraysOf(result);
    const reads = outputs.map(async (output, at) => {
      const region = part(output, counts[at] ?? output.byteLength);
      await output.device.read(region, arrays[at], { timer });
    });
    await Promise.allSettled(reads);
    await Promise.all(reads);
    return result;
  }

  /** The memory of an earlier result of the same lengths; others are let go. */
  #spare(byteLengths: readonly number[]): Result | undefined {
    const spare = this.#options.spares.pop();
    if (spare === undefined) return undefined;
    const arrays = arraysOf(spare);
    return arrays.every(({ byteLength }, at) => byteLength === byteLengths[at]) ? spare : undefined;
  }

  #assertGoing(): void {
    const { signal } = this.#options;
    if (signal.aborted) throw abortError(signal, this.#operation.name);
  }
}

function assertBatch(batch: StreamBatch, index: number, name: string): void {
  const arrays: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
  if (arrays.length > 0 && arrays.every((array) => ArrayBuffer.isView(array))) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Batch ${index} of ${name} is ${batch === null ? "null" : typeof batch}, not typed arrays`,
    hint: "The source yields one typed array a batch, or an array of them.",
  });
}

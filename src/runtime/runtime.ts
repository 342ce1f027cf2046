import { disposeIfAble } from "../core/dispose.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { defaultCacheDirectory } from "../device/cache.ts";
import type { Adapter, Device, OpenOptions, Timer } from "../device/device.ts";
import { AikoError, allowsFallback, toAikoError } from "../errors.ts";
import type {
  MemoryManager,
  MemoryOptions,
  StreamBatch,
  StreamOperation,
  StreamSource,
} from "../memory/index.ts";
import { abortable, abortError } from "./abort.ts";
import {
  type BatcherOptions,
  type BatchOperation,
  CallBatching,
  type QueueOptions,
} from "./batcher/index.ts";
import type { BreakerOptions } from "./breaker.ts";
import { assertPlacement, type Choice, choose, find, lackingDecision, noDevice } from "./choice.ts";
import { DeviceSlot, type OpenedDevice } from "./device-slot.ts";
import { Meter } from "./meter.ts";
import { isCounted, Metrics } from "./metrics.ts";
import { onDevice } from "./on-device.ts";
import type { Operation, Placement, Work } from "./operation.ts";
import { type CalibrationData, type Decision, type PlacementChoice, Placer } from "./placement/index.ts";
import { type Fallback, makeReport, type OperationReport, operationChannel } from "./report.ts";
import type { BatcherStatistics, RuntimeStatistics } from "./statistics.ts";
import { type StreamRunOptions, streamOn } from "./stream.ts";
import { warnOnce } from "./warn.ts";

export interface RunOptions {
  /** Where to compute. Default "auto": wherever it is predicted to be faster. */
  readonly placement?: PlacementChoice | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Throws where the CPU would have taken over from a GPU that failed. */
  readonly strict?: boolean | undefined;
  /** Which of the runtime's adapters, by id. Default: the best one that is not rested. */
  readonly device?: string | undefined;
  /** Measures the call and returns its report. Without it, and without channel subscribers, nothing is measured. */
  readonly report?: boolean | undefined;
  /** `false` keeps the call to itself; else how it waits when concurrent calls are merged. */
  readonly batch?: false | QueueOptions | undefined;
}

export interface RuntimeOptions extends OpenOptions, MemoryOptions, BreakerOptions {
  /** Finds the adapters to use, best first. Called once, on first need. */
  readonly adapters: () => Promise<readonly Adapter[]>;
  readonly placement?: PlacementChoice | undefined;
  readonly strict?: boolean | undefined;
  /**
   * Whether the runtime may find out by itself: measure the transfers of a device that is new to it, and try a small share
   * of calls in the place predicted to be slower. Default true.
   */
  readonly explore?: boolean | undefined;
  /** How concurrent small calls are merged; `false` never merges any. */
  readonly batching?: false | BatcherOptions | undefined;
}

export interface Outcome<Output> {
  readonly value: Output;
  /** Present when `report` was asked for or the channel has subscribers. */
  readonly report: OperationReport | undefined;
}

/** One call on its way. */
interface Call<I, O> {
  readonly operation: Operation<I, O>;
  readonly input: I;
  readonly options: RunOptions;
  readonly work: Work;
  readonly meter: Meter;
  readonly reported: boolean;
  readonly publishes: boolean;
  /** How many callers it answers. */
  readonly callers: number;
}

type Asked<I, O> = Pick<Call<I, O>, "operation" | "input" | "work" | "options">;

/** Decides where each operation runs, runs it there, falls back with a reason, and reports. */
export class Runtime implements AsyncDisposable {
  readonly #options: RuntimeOptions;
  readonly #placer: Placer;
  readonly #metrics = new Metrics();
  readonly #batching: CallBatching | undefined;
  #slots: Promise<readonly DeviceSlot[]> | undefined;
  #known: readonly DeviceSlot[] = [];
  #disposed = false;

  /** Throws INVALID_ARGUMENT for batching options out of range. */
  constructor(options: RuntimeOptions) {
    this.#options = options;
    const directory = options.cacheDirectory ?? defaultCacheDirectory();
    const isOff = process.env.AIKORYU_CALIBRATION === "0";
    this.#placer = new Placer({
      directory: isOff || directory === false ? undefined : directory,
      explore: !isOff && (options.explore ?? true),
    });
    if (options.batching === false) return;
    this.#batching = new CallBatching(options.batching ?? {}, (operation, input, runOptions, merged) =>
      this.#run(operation, input, runOptions, merged),
    );
  }

  /**
   * Runs one operation, merged with concurrent calls where the operation allows it. Rejects with ABORTED, with the
   * operation's own errors, with QUEUE_FULL, and, where no fallback is allowed, with the device's.
   */
  run<I, O>(operation: Operation<I, O>, input: I, options: RunOptions = {}): Promise<Outcome<O>> {
    if (this.#batching === undefined || operation.batch === undefined || options.batch === false) {
      return this.#run(operation, input, options);
    }
    return this.#batching.run(operation as BatchOperation<I, O>, input, options);
  }

  /** What was batched since the runtime was opened, by operation. */
  batchers(): readonly BatcherStatistics[] {
    return this.#batching?.statistics() ?? [];
  }

  async #run<I, O>(
    operation: Operation<I, O>,
    input: I,
    options: RunOptions,
    merged?: number,
  ): Promise<Outcome<O>> {
    this.#assertOpen();
    if (options.signal?.aborted) throw abortError(options.signal, operation.name);
    const publishes = merged === undefined;
    const reported = options.report === true || (publishes && operationChannel.hasSubscribers);
    const work = operation.work(input);
    const callers = merged ?? 1;
    const call = { operation, input, options, work, meter: new Meter(), reported, publishes, callers };
    const choice = await this.#choose(call);
    if (choice.fallback !== undefined) this.#fellBack(call, choice.fallback);
    if (choice.slot === undefined || choice.permit === undefined) {
      return this.#counted(call, "cpu", this.#runCpu(call, choice));
    }
    try {
      const outcome = await this.#counted(call, "gpu", this.#runGpu(call, choice, choice.slot));
      choice.permit.succeed();
      return outcome;
    } catch (thrown) {
      const error = toAikoError(thrown);
      if (!allowsFallback(error)) {
        choice.permit.cancel();
        throw error;
      }
      choice.permit.fail(error);
      if (this.#isStrict(options)) throw error;
      this.#assertOpen();
      const fallback = { code: error.code, message: error.message, device: choice.slot.adapter.id };
      this.#fellBack(call, fallback);
      const reason = `${choice.slot.adapter.id} failed with ${error.code}: ${error.message}`;
      const answered = this.#runCpu(call, { decision: { placement: "cpu", reason }, fallback });
      return this.#counted(call, "cpu", answered);
    }
  }

  /** Where a call would run now, and why. Rejects as `run` does before it computes. */
  async predict<I, O>(operation: Operation<I, O>, input: I, options: RunOptions = {}): Promise<Decision> {
    this.#assertOpen();
    const work = operation.work(input);
    const { decision, permit } = await this.#choose({ operation, input, options, work });
    permit?.cancel();
    return decision;
  }

  /** Frees what is kept for an operation object that will not run again. */
  forget<I, O>(operation: Operation<I, O>): void {
    this.#batching?.forget(operation);
  }

  /** Sends batches of any total length through an operation: see `streamThrough`. */
  stream<Batch extends StreamBatch, Result extends StreamBatch>(
    source: StreamSource<Batch>,
    operation: StreamOperation<Batch, Result>,
    options: StreamRunOptions = {},
  ): AsyncGenerator<Result, void, undefined> {
    const placement = options.placement ?? this.#options.placement ?? "auto";
    const strict = options.strict ?? this.#options.strict ?? false;
    const placing = async () => {
      const finding = placement === "cpu" ? Promise.resolve([]) : this.#discover();
      const slots = await abortable(finding, options.signal, operation.name);
      const named = options.device === undefined ? undefined : find(slots, options.device);
      return { slots: named === undefined ? slots : [named], placement, strict, metrics: this.#metrics };
    };
    return streamOn(placing, source, operation, options);
  }

  /** The adapters this runtime may use, best first. */
  async adapters(): Promise<readonly Adapter[]> {
    return (await this.#discover()).map((slot) => slot.adapter);
  }

  /** Opens an adapter, the best one by default. Rejects with DEVICE_NOT_FOUND, UNSUPPORTED or DEVICE_LOST. */
  async device(id?: string): Promise<Device> {
    const slot = find(await this.#discover(), id);
    if (slot === undefined) throw noDevice();
    return (await slot.open()).device;
  }

  /** What this machine was measured to do, as `auto` placement knows it; `path` is the file that keeps it. */
  async calibration(): Promise<{ readonly data: CalibrationData; readonly path: string | undefined }> {
    await this.#placer.ready();
    return { data: this.#placer.calibration(), path: this.#placer.path };
  }

  /** Measures a device's transfers now, unless they are known. Rejects as `device` does. */
  async calibrate(id?: string): Promise<void> {
    await this.#placer.ready();
    await this.#placer.calibrate(await this.device(id));
  }

  /** What was counted so far, also after dispose. Devices appear once they were looked for. */
  statistics(): RuntimeStatistics {
    return {
      operations: this.#metrics.operations(),
      fallbacks: this.#metrics.fallbacks(),
      devices: this.#known.map((slot) => slot.statistics()),
      batchers: this.batchers(),
    };
  }

  /** The memory manager of a device, opened like `device`: its statistics, and its leak report. */
  async memory(id?: string): Promise<MemoryManager> {
    const slot = find(await this.#discover(), id);
    if (slot === undefined) throw noDevice();
    return (await slot.open()).memory;
  }

  /** Closes the devices; calls on their way reject. Safe to call twice. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#batching?.dispose();
    const slots = await this.#slots?.catch(() => []);
    await this.#placer.dispose();
    await Promise.all((slots ?? []).map((slot) => slot.dispose()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #choose<I, O>({ operation, input, work, options }: Asked<I, O>): Promise<Choice> {
    const asked = options.placement ?? this.#options.placement ?? "auto";
    assertPlacement(asked);
    if (asked === "cpu") {
      const decision = { placement: "cpu", reason: 'placement "cpu" was asked for' } as const;
      const adapter = this.#known[0]?.adapter;
      return adapter === undefined ? { decision } : { decision, adapter };
    }
    const slots = await abortable(this.#discover(), options.signal, operation.name);
    const loading = this.#placer.ready();
    if (loading !== undefined) await loading;
    const decide = ({ adapter, isOpen }: DeviceSlot) =>
      lackingDecision(operation, input, adapter) ?? this.#placer.decide(operation, work, adapter, isOpen);
    return choose(slots, { asked, device: options.device, strict: this.#isStrict(options), decide });
  }

  async #runGpu<I, O>(call: Call<I, O>, choice: Choice, slot: DeviceSlot): Promise<Outcome<O>> {
    const { operation, input, meter, work, options } = call;
    const run = this.#placer.begin(operation, work, slot.adapter, choice.decision);
    let opened: OpenedDevice;
    try {
      opened = await abortable(slot.open(), options.signal, operation.name);
    } catch (error) {
      run.drop();
      throw error;
    }
    const { device, memory, pool } = opened;
    meter.spans.queueMs = meter.totalMs;
    while (isTurnLong()) await nextTurn();
    const start = performance.now();
    let value: O;
    let timer: Timer | undefined;
    let kernels: number;
    let { decision } = choice;
    try {
      if (call.reported) timer = device.timer();
      kernels = device.memory().kernels;
      const context = { work, device, memory, pool, timer, signal: options.signal, meter };
      const running = onDevice(operation, input, context, ({ message }) => {
        decision = { ...decision, reason: `${decision.reason}; in batches, because in one piece ${message}` };
      });
      value = await abortable(running, options.signal, operation.name);
    } catch (error) {
      run.drop();
      throw error;
    }
    run.end(performance.now() - start, device.memory().kernels === kernels);
    this.#placer.meet(device);
    if (!call.reported) return { value, report: undefined };
    try {
      const timed = await timer?.result();
      return this.#report(call, {
        value,
        device: slot.adapter.id,
        choice: { ...choice, decision },
        timed,
        work,
      });
    } catch (error) {
      disposeIfAble(value);
      throw error;
    }
  }

  async #runCpu<I, O>(call: Call<I, O>, choice: Choice): Promise<Outcome<O>> {
    const { operation, input, meter, work, options } = call;
    meter.spans.queueMs = meter.totalMs;
    const start = performance.now();
    const run = this.#placer.begin(operation, work, choice.adapter, choice.decision);
    try {
      const running = operation.cpu(input, { work, signal: options.signal, meter });
      const value = await abortable(running, options.signal, operation.name);
      run.end(performance.now() - start, true);
      return this.#report(call, { value, device: operation.engine, choice, timed: undefined, work });
    } catch (error) {
      run.drop();
      throw toAikoError(error);
    }
  }

  #report<I, O>(
    call: Call<I, O>,
    done: {
      value: O;
      device: string;
      choice: Choice;
      timed: Awaited<ReturnType<Timer["result"]>> | undefined;
      work: Work;
    },
  ): Outcome<O> {
    if (!call.reported) return { value: done.value, report: undefined };
    const { decision, fallback } = done.choice;
    const report = makeReport({
      operation: call.operation.name,
      placement: decision.placement,
      reason: decision.reason,
      predicted: decision.predicted,
      fallback,
      device: done.device,
      meter: call.meter,
      timed: done.timed,
      work: done.work,
    });
    if (call.publishes) operationChannel.publish(report);
    return { value: done.value, report };
  }

  #discover(): Promise<readonly DeviceSlot[]> {
    this.#assertOpen();
    this.#slots ??= this.#options.adapters().then((adapters) => {
      this.#known = adapters.map((adapter) => new DeviceSlot(adapter, this.#options));
      return this.#known;
    });
    return this.#slots;
  }

  async #counted<I, O>(
    { operation, work, callers }: Call<I, O>,
    placement: Placement,
    running: Promise<Outcome<O>>,
  ): Promise<Outcome<O>> {
    const start = performance.now();
    try {
      const outcome = await running;
      this.#metrics.count(operation.name, placement, { ms: performance.now() - start, work, callers });
      return outcome;
    } catch (thrown) {
      const error = toAikoError(thrown);
      const ms = performance.now() - start;
      if (isCounted(error, callers)) this.#metrics.count(operation.name, placement, { ms, error, callers });
      throw error;
    }
  }

  #fellBack<I, O>({ operation, callers }: Call<I, O>, fallback: Fallback): void {
    this.#metrics.countFallback(operation.name, fallback, callers);
    warnOnce(operation.name, fallback);
  }

  #isStrict(options: RunOptions): boolean {
    return options.strict ?? this.#options.strict ?? false;
  }

  #assertOpen(): void {
    if (!this.#disposed) return;
    throw new AikoError("DISPOSED", {
      message: "This runtime is disposed",
      hint: "Call open() again, or dispose it after its last use.",
    });
  }
}

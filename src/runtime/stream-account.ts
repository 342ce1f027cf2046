import { type AikoError, allowsFallback } from "../errors.ts";
import type { StreamTimes } from "../memory/index.ts";
import type { Permit } from "./breaker.ts";
import type { DeviceSlot } from "./device-slot.ts";
import { Meter } from "./meter.ts";
import type { Metrics } from "./metrics.ts";
import { type Fallback, makeReport, operationChannel } from "./report.ts";
import { warnOnce } from "./warn.ts";

export interface StreamAccountOptions {
  /** Where the stream was sent; absent where it was sent to the CPU path. */
  readonly slot: DeviceSlot | undefined;
  /** Absent where the slot is rested. */
  readonly permit: Permit | undefined;
  readonly metrics: Metrics;
}

/** What one stream tells its breaker, the counters and the channel. */
export class StreamAccount {
  /** Present where somebody listens: nothing is measured otherwise. */
  readonly onTimes: ((times: StreamTimes) => void) | undefined;
  readonly #name: string;
  readonly #slot: DeviceSlot | undefined;
  readonly #isLetIn: boolean;
  readonly #metrics: Metrics;
  readonly #meter = new Meter();
  readonly #bytes = { gpu: 0, cpu: 0 };
  readonly #batches = { gpu: 0, cpu: 0 };
  readonly #isReported = operationChannel.hasSubscribers;
  #permit: Permit | undefined;
  #deviceFailure: AikoError | undefined;
  #fallback: Fallback | undefined;
  #failure: AikoError | undefined;

  constructor(name: string, { slot, permit, metrics }: StreamAccountOptions) {
    this.#name = name;
    this.#slot = slot;
    this.#permit = permit;
    this.#isLetIn = permit !== undefined;
    this.#metrics = metrics;
    if (this.#isReported) this.onTimes = (times) => this.#addTimes(times);
  }

  /** The device is open; batches follow. */
  start(): void {
    this.#meter.spans.queueMs = this.#meter.totalMs;
  }

  /** A stream may never end, so that its first batch settles the permit. */
  progress(bytes: number, isOnDevice: boolean): void {
    const place = isOnDevice ? "gpu" : "cpu";
    this.#bytes[place] += bytes;
    this.#batches[place]++;
    if (!isOnDevice) return;
    this.#permit?.succeed();
    this.#permit = undefined;
  }

  /** The device could not do a batch, or all of them. */
  fellBack(error: AikoError): void {
    this.#noteDeviceFailure(error);
    const { code, message } = error;
    const fallback = { code, message, device: this.#slot?.adapter.id ?? "none" };
    this.#fallback ??= fallback;
    this.#metrics.countFallback(this.#name, fallback);
    warnOnce(this.#name, fallback);
  }

  /** The stream failed. */
  fail(error: AikoError): void {
    this.#failure = error;
    if (this.#slot !== undefined && allowsFallback(error)) this.#noteDeviceFailure(error);
  }

  end(): void {
    this.#permit?.cancel();
    this.#permit = undefined;
    const isOnCpu = this.#slot === undefined || (this.#fallback !== undefined && this.#batches.gpu === 0);
    this.#count(isOnCpu);
    if (this.#isReported && this.#failure === undefined) operationChannel.publish(this.#report(isOnCpu));
  }

  /** The time is that of the place that did the stream, or most of it. */
  #count(isOnCpu: boolean): void {
    const ms = this.#meter.totalMs;
    const work = (bytes: number) => ({ bytes, flops: 0 });
    const fellBack = this.#fallback !== undefined;
    if (this.#isLetIn) {
      const error = this.#deviceFailure ?? (fellBack ? undefined : this.#failure);
      this.#metrics.count(this.#name, "gpu", { ms: isOnCpu ? 0 : ms, work: work(this.#bytes.gpu), error });
    }
    if (!this.#isLetIn || fellBack) {
      const error = this.#failure;
      this.#metrics.count(this.#name, "cpu", { ms: isOnCpu ? ms : 0, work: work(this.#bytes.cpu), error });
    }
  }

  #report(isOnCpu: boolean) {
    const { gpu, cpu } = this.#batches;
    const id = this.#slot?.adapter.id;
    let reason = 'no device, or placement "cpu"';
    if (id !== undefined) reason = "streams go to the device";
    if (this.#fallback !== undefined) {
      reason = `${id} did ${gpu} of ${gpu + cpu} batches: ${this.#fallback.code}: ${this.#fallback.message}`;
    }
    const bytes = this.#bytes.gpu + this.#bytes.cpu;
    return makeReport({
      operation: this.#name,
      placement: isOnCpu ? "cpu" : "gpu",
      device: isOnCpu || id === undefined ? "cpu" : id,
      reason,
      predicted: undefined,
      fallback: this.#fallback,
      meter: this.#meter,
      timed: undefined,
      work: { bytes, flops: 0 },
    });
  }

  /** A stream counts as one failure, however many of its batches failed. A rested device did not fail again. */
  #noteDeviceFailure(error: AikoError): void {
    if (this.#deviceFailure !== undefined) return;
    this.#deviceFailure = error;
    const permit = this.#permit ?? (this.#batches.gpu > 0 ? this.#slot?.breaker.enter() : undefined);
    this.#permit = undefined;
    permit?.fail(error);
  }

  #addTimes({ uploadMs = 0, kernelMs = 0, downloadMs = 0, cpuMs = 0 }: StreamTimes): void {
    this.#meter.add("uploadMs", uploadMs);
    this.#meter.add("kernelMs", kernelMs);
    this.#meter.add("downloadMs", downloadMs);
    this.#meter.add("cpuMs", cpuMs);
  }
}

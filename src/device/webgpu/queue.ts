import { setImmediate } from "node:timers";
import { type AikoError, toAikoError } from "../../errors.ts";
import type { BackendQueue } from "../base-device.ts";
import type { BoundRegion } from "../bindings.ts";
import type { Extent } from "../grid.ts";
import { type Region, wordLength } from "../regions.ts";
import type { DeviceTimer } from "../timer.ts";
import { Binder, type BoundGroup, type BoundKernel } from "./binder.ts";
import type { WebGpuAllocation } from "./buffer.ts";
import type { Dawn } from "./dawn.ts";
import type { WebGpuProgram } from "./kernel.ts";
import { Readback } from "./readback.ts";
import { type TimestampBatch, Timestamps } from "./timestamps.ts";

const COPY_SRC = 4;
const COPY_DST = 8;

const commandsPerSubmit = 64;

function isSame(a: BoundGroup | undefined, b: BoundGroup): boolean {
  return (
    a?.bindGroup === b.bindGroup && b.dynamicOffsets.every((offset, at) => a.dynamicOffsets[at] === offset)
  );
}

export interface QueueOptions {
  readonly dawn: Dawn;
  readonly device: GPUDevice;
  readonly viewAlignment: number;
  readonly onFailure: (error: AikoError) => void;
}

/** Commands are collected, and submitted when there are many, when they are waited for, or after this turn. */
export class WebGpuQueue implements BackendQueue<WebGpuAllocation, WebGpuProgram> {
  readonly #device: GPUDevice;
  readonly #dawn: Dawn;
  readonly #onFailure: (error: AikoError) => void;
  readonly #binder: Binder;
  readonly #readback: Readback;
  readonly #timestamps: Timestamps | undefined;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;
  /** What the pass has set; a pass that begins has set nothing. */
  #bound: readonly BoundGroup[] = [];
  #commands = 0;
  #enqueued = 0;
  #completed = 0;

  constructor({ dawn, device, viewAlignment, onFailure }: QueueOptions) {
    this.#dawn = dawn;
    this.#device = device;
    this.#onFailure = onFailure;
    this.#binder = new Binder(device, viewAlignment);
    this.#readback = new Readback(dawn, device);
    const timed = device.features.has("timestamp-query");
    this.#timestamps = timed ? new Timestamps(device, (batch) => this.#resolve(batch)) : undefined;
  }

  write({ allocation, byteOffset }: Region<WebGpuAllocation>, bytes: Uint8Array): void {
    this.flush();
    this.#enqueued++;
    const data = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
    const whole = data.byteLength - (data.byteLength % 4);
    const { queue } = this.#device;
    if (whole > 0) queue.writeBuffer(allocation.buffer, byteOffset, data, 0, whole);
    if (whole === data.byteLength) return;
    const tail = new Uint8Array(4);
    tail.set(data.subarray(whole));
    queue.writeBuffer(allocation.buffer, byteOffset + whole, tail);
  }

  copy(source: Region<WebGpuAllocation>, target: Region<WebGpuAllocation>): void {
    const size = wordLength(source.byteLength);
    const { buffer: from } = source.allocation;
    const { buffer: to } = target.allocation;
    const encoder = this.#encode();
    if (from !== to) {
      encoder.copyBufferToBuffer(from, source.byteOffset, to, target.byteOffset, size);
    } else {
      const between = this.#device.createBuffer({ size, usage: COPY_SRC | COPY_DST });
      encoder.copyBufferToBuffer(from, source.byteOffset, between, 0, size);
      encoder.copyBufferToBuffer(between, 0, to, target.byteOffset, size);
    }
    this.#count();
  }

  dispatch(
    program: WebGpuProgram,
    bound: readonly BoundRegion<WebGpuAllocation>[],
    groups: Extent,
    timer: DeviceTimer | undefined,
  ): void {
    if (!this.#binder.hasRoom(bound)) this.flush();
    let kernel: BoundKernel;
    try {
      kernel = this.#binder.bind(program, bound, ({ from, fromOffset, to, toOffset, size }) =>
        this.#encode().copyBufferToBuffer(from.buffer, fromOffset, to.buffer, toOffset, size),
      );
    } catch (error) {
      this.#onFailure(toAikoError(error));
      return;
    }
    const timestamps = timer?.measures("kernel") ? this.#timestamps?.next() : undefined;
    if (timestamps !== undefined) this.#endPass();
    const pass = this.#beginPass(timestamps?.writes);
    if (this.#pipeline !== kernel.pipeline) {
      pass.setPipeline(kernel.pipeline);
      this.#pipeline = kernel.pipeline;
    }
    for (let group = 0; group < kernel.groups.length; group++) {
      const next = kernel.groups[group];
      if (next !== undefined && !isSame(this.#bound[group], next)) {
        if (next.dynamicOffsets.length === 0) pass.setBindGroup(group, next.bindGroup);
        else pass.setBindGroup(group, next.bindGroup, next.dynamicOffsets);
      }
    }
    this.#bound = kernel.groups;
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    if (timestamps !== undefined) {
      this.#endPass();
      timer?.add("kernel", timestamps.sample);
    }
    this.#count();
  }

  async read({ allocation, byteOffset }: Region<WebGpuAllocation>, into: Uint8Array): Promise<void> {
    const staging = this.#readback.take(into.byteLength);
    const size = wordLength(into.byteLength);
    this.#encode().copyBufferToBuffer(allocation.buffer, byteOffset, staging, 0, size);
    this.#count();
    this.flush();
    const sequence = this.#enqueued;
    await this.#readback.fetch(staging, into);
    this.#completed = Math.max(this.#completed, sequence);
  }

  async finish(): Promise<void> {
    this.flush();
    const sequence = this.#enqueued;
    if (this.#completed === sequence) return;
    await this.#dawn.call(() => this.#device.queue.onSubmittedWorkDone());
    this.#completed = Math.max(this.#completed, sequence);
  }

  readonly flush = (): void => {
    if (this.#encoder === undefined) return;
    this.#endPass();
    const commands = this.#encoder.finish();
    this.#encoder = undefined;
    this.#commands = 0;
    this.#binder.upload(this.#device.queue);
    this.#device.queue.submit([commands]);
  };

  async #resolve({ querySet, resolved, mapped, count }: TimestampBatch): Promise<BigUint64Array> {
    const encoder = this.#encode();
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, count * 8);
    this.#count();
    this.flush();
    await this.#dawn.call(() => mapped.mapAsync(1));
    const times = new BigUint64Array(mapped.getMappedRange(0, count * 8)).slice();
    querySet.destroy();
    resolved.destroy();
    mapped.destroy();
    return times;
  }

  /** An encoder outside of any pass. */
  #encode(): GPUCommandEncoder {
    this.#endPass();
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #beginPass(timestampWrites: GPUComputePassTimestampWrites | undefined): GPUComputePassEncoder {
    if (this.#pass === undefined) {
      this.#encoder ??= this.#device.createCommandEncoder();
      this.#pass = this.#encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites });
      this.#pipeline = undefined;
      this.#bound = [];
    }
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #count(): void {
    this.#enqueued++;
    if (++this.#commands >= commandsPerSubmit) this.flush();
    else if (this.#commands === 1) setImmediate(this.flush);
  }
}

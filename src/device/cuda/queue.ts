import { setImmediate } from "node:timers";
import { alignUp } from "../../core/bytes.ts";
import type { Handle } from "../../core/native.ts";
import type { BackendQueue } from "../base-device.ts";
import { type BoundRegion, elementCount } from "../bindings.ts";
import type { Extent } from "../grid.ts";
import { type Region, wordLength } from "../regions.ts";
import type { DeviceTimer } from "../timer.ts";
import type { Block, CudaAllocation } from "./buffer.ts";
import type { EventsOptions } from "./events.ts";
import { type Graph, Graphs } from "./graph.ts";
import { Heap } from "./heap.ts";
import type { CudaProgram } from "./kernel.ts";
import { Launcher } from "./launcher.ts";
import { type ParameterBlock, Parameters, parameterAlignment, parameterPageBytes } from "./parameters.ts";
import { Pipeline } from "./pipeline.ts";
import { Sequence } from "./sequence.ts";
import { check } from "./status.ts";
import { smallBytes, Transfers } from "./transfers.ts";

/** Commands gathered before they are submitted although more may follow. */
const commandsPerSequence = 128;
const graphParameterBytes = 4096;

export interface QueueOptions extends EventsOptions {
  readonly memoryBytes: number;
}

/** Calls of a vendor library on the compute stream, with the memory they use. */
export interface VendorWork {
  readonly reads: readonly Region<CudaAllocation>[];
  readonly write: Region<CudaAllocation>;
  /** Whether every byte of `write` is written. */
  readonly isWhole: boolean;
  readonly submit: (stream: Handle) => void | Promise<void>;
}

/**
 * Three streams that look like one queue: uploads and downloads overlap with kernels that do not use the same memory.
 * Commands of the compute stream are gathered in sequences, which are submitted when they are long, when they are waited
 * for, or after this turn.
 */
export class CudaQueue implements BackendQueue<CudaAllocation, CudaProgram> {
  readonly #pipeline: Pipeline;
  readonly #heap: Heap;
  readonly #transfers: Transfers;
  readonly #launcher: Launcher;
  readonly #graphs: Graphs;
  readonly #parameters: Parameters;
  readonly #parameterBlock: Block;
  #sequence: Sequence | undefined;
  #isScheduled = false;

  /** The context is current. */
  constructor(options: QueueOptions) {
    const { library, waits, memoryBytes } = options;
    this.#pipeline = new Pipeline(options);
    this.#heap = new Heap(library, memoryBytes, {
      isIdle: () => this.#isIdle(),
      isPast: (block, how) => this.#pipeline.isPast(block, how),
      flush: () => this.#close(),
      freeLater: (address) => void waits.call("cuMemFree_v2", [address]).catch(() => {}),
    });
    this.#transfers = new Transfers(this.#pipeline);
    this.#launcher = new Launcher(library);
    this.#graphs = new Graphs(library, this.#launcher, {
      allocate: (byteLength) => this.#heap.allocate(alignUp(byteLength, graphParameterBytes), "a graph"),
      retire: (graph) => this.#retire(graph),
    });
    this.#parameters = new Parameters(library);
    this.#parameterBlock = this.#heap.allocate(parameterPageBytes, "parameters");
  }

  allocate(byteLength: number, label: string): Block {
    this.#pipeline.enter();
    return this.#heap.allocate(byteLength, label);
  }

  readonly free = (block: Block): void => {
    if (this.#pipeline.isClosed) return;
    this.#pipeline.enter();
    this.#heap.release(block);
  };

  get freeBytes(): number | undefined {
    this.#pipeline.enter();
    return this.#heap.freeBytes;
  }

  write(target: Region<CudaAllocation>, bytes: Uint8Array, timer: DeviceTimer | undefined): void {
    this.#pipeline.enter();
    try {
      if (timer === undefined && bytes.byteLength <= smallBytes) this.#writeSmall(target, bytes);
      else this.#writeLarge(target, bytes, timer);
    } catch (error) {
      this.#pipeline.fail(error);
    }
  }

  #writeLarge(target: Region<CudaAllocation>, bytes: Uint8Array, timer: DeviceTimer | undefined): void {
    if (this.#isInSequence(target.allocation)) this.#close();
    this.#transfers.write(target, bytes, timer);
  }

  /** The data becomes a parameter, which the device copies to where it belongs. */
  #writeSmall({ allocation, byteOffset }: Region<CudaAllocation>, bytes: Uint8Array): void {
    const sequence = this.#open(alignUp(bytes.byteLength, parameterAlignment));
    const byteLength = wordLength(bytes.byteLength);
    const parameter = this.#place(bytes);
    this.#overwrite(sequence, allocation, byteLength);
    sequence.copy(allocation.address + byteOffset, { parameter }, byteLength);
    this.#count(sequence);
  }

  copy(source: Region<CudaAllocation>, target: Region<CudaAllocation>, timer: DeviceTimer | undefined): void {
    this.#pipeline.enter();
    if (timer !== undefined) this.#close();
    const sequence = this.#open(0);
    const byteLength = wordLength(source.byteLength);
    this.#use(sequence, source.allocation, false);
    this.#overwrite(sequence, target.allocation, byteLength);
    const address = source.allocation.address + source.byteOffset;
    sequence.copy(target.allocation.address + target.byteOffset, { address }, byteLength);
    this.#count(sequence, timer);
  }

  dispatch(
    program: CudaProgram,
    bound: readonly BoundRegion<CudaAllocation>[],
    groups: Extent,
    timer: DeviceTimer | undefined,
  ): void {
    this.#pipeline.enter();
    if (timer !== undefined) this.#close();
    try {
      this.#dispatch(program, bound, groups, timer);
    } catch (error) {
      this.#pipeline.fail(error);
    }
  }

  #dispatch(
    program: CudaProgram,
    bound: readonly BoundRegion<CudaAllocation>[],
    groups: Extent,
    timer: DeviceTimer | undefined,
  ): void {
    let hostBytes = 0;
    let counts = program.watchdog === undefined ? 0 : 1;
    for (const { bytes, binding } of bound) {
      if (bytes !== undefined) hostBytes += alignUp(bytes.byteLength, parameterAlignment);
      if (binding.elementStride !== undefined) counts++;
    }
    const sequence = this.#open(hostBytes);
    const places = bound.map(({ bytes }) => (bytes === undefined ? 0 : this.#place(bytes)));
    for (const { region, binding } of bound)
      if (region !== undefined) this.#use(sequence, region.allocation, binding.access === "read_write");
    sequence.dispatch(program, groups, bound.length + counts);
    for (let at = 0; at < bound.length; at++) {
      const region = bound[at]?.region;
      if (region === undefined) sequence.parameter(places[at] ?? 0);
      else sequence.argument(region.allocation.address + region.byteOffset);
    }
    for (const { binding, byteLength } of bound)
      if (binding.elementStride !== undefined) sequence.argument(elementCount(binding, byteLength));
    if (program.watchdog !== undefined) sequence.argument(program.watchdog);
    program.sequence = this.#pipeline.compute.enqueued + 1;
    this.#count(sequence, timer);
  }

  /** Enqueues calls of a vendor library. */
  enqueue({ reads, write, isWhole, submit }: VendorWork, timer: DeviceTimer | undefined): void {
    this.#pipeline.enter();
    const { compute, upload, download, events } = this.#pipeline;
    const sequence = this.#open(0);
    for (const { allocation } of reads) this.#use(sequence, allocation, false);
    this.#overwrite(sequence, write.allocation, isWhole ? write.byteLength : 0);
    this.#close();
    const number = this.#pipeline.add({
      stream: compute,
      weight: 1,
      submit: () => {
        compute.after(upload, sequence.afterUpload);
        compute.after(download, sequence.afterDownload);
        if (timer === undefined) return submit(compute.handle);
        return events.timed(compute.handle, "kernel", timer, () => submit(compute.handle));
      },
      blocked: this.#pipeline.computeBlocked,
    });
    for (const { allocation } of [...reads, write]) allocation.block.computed = number;
  }

  async read(
    source: Region<CudaAllocation>,
    into: Uint8Array,
    timer: DeviceTimer | undefined,
  ): Promise<void> {
    this.#pipeline.enter();
    if (!source.allocation.isFilled) this.#use(this.#open(0), source.allocation, false);
    this.#close();
    await this.#transfers.read(source, into, timer);
    this.#settle();
  }

  async finish(): Promise<void> {
    if (this.#pipeline.isClosed) return;
    this.#pipeline.enter();
    this.#close();
    await this.#pipeline.finish();
    this.#settle();
  }

  #settle(): void {
    if (this.#pipeline.isClosed) return;
    this.#pipeline.enter();
    if (this.#isIdle()) this.#heap.freeWhenIdle();
  }

  /** Runs `unload` once nothing enqueued uses the program. */
  release(program: CudaProgram, unload: () => void): void {
    this.#pipeline.enter();
    if (program.sequence > this.#pipeline.compute.enqueued) this.#close();
    this.#graphs.forget(program);
    this.#pipeline.retire(program.sequence, unload);
  }

  #retire({ handle, parameters, sequence }: Graph): void {
    this.#pipeline.retire(sequence, () => {
      if (handle !== 0) this.#pipeline.library.cu.cuGraphExecDestroy(handle);
      if (parameters !== undefined) this.#heap.release(parameters);
    });
  }

  #isInSequence({ block }: CudaAllocation): boolean {
    return block.computed > this.#pipeline.compute.enqueued;
  }

  #isIdle(): boolean {
    return this.#sequence === undefined && this.#pipeline.isIdle();
  }

  /** The open sequence, with room for so many bytes of host data. */
  #open(hostBytes: number): Sequence {
    if (hostBytes > 0 && !this.#parameters.fits(hostBytes)) this.#close();
    this.#sequence ??= new Sequence();
    return this.#sequence;
  }

  #place(bytes: Uint8Array): number {
    return this.#parameters.place(bytes, () => {
      this.#pipeline.poll();
      return this.#pipeline.compute.completed;
    });
  }

  #use(sequence: Sequence, allocation: CudaAllocation, isWritten: boolean): void {
    const { block, isFilled } = allocation;
    sequence.afterUpload = Math.max(sequence.afterUpload, block.uploaded);
    if (isWritten || !isFilled) sequence.afterDownload = Math.max(sequence.afterDownload, block.downloaded);
    block.computed = this.#pipeline.compute.enqueued + 1;
    if (isFilled) return;
    allocation.isFilled = true;
    sequence.fill(allocation.address, allocation.byteLength);
  }

  #overwrite(sequence: Sequence, allocation: CudaAllocation, byteLength: number): void {
    if (byteLength === allocation.byteLength) allocation.isFilled = true;
    this.#use(sequence, allocation, true);
  }

  #count(sequence: Sequence, timer?: DeviceTimer): void {
    if (timer !== undefined || sequence.commands >= commandsPerSequence) this.#close(timer);
    else if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#pipeline.isClosed) return;
      this.#pipeline.enter();
      this.#close();
    });
  }

  #close(timer?: DeviceTimer): void {
    const sequence = this.#sequence;
    this.#sequence = undefined;
    if (sequence === undefined || sequence.commands === 0) return;
    const { compute, computeBlocked } = this.#pipeline;
    const block = this.#parameters.close(compute.enqueued + 1);
    this.#pipeline.add({
      stream: compute,
      weight: sequence.commands,
      submit: (number) => this.#submit(sequence, block, number, timer),
      blocked: computeBlocked,
    });
  }

  #submit(
    sequence: Sequence,
    block: ParameterBlock | undefined,
    number: number,
    timer: DeviceTimer | undefined,
  ): void | Promise<void> {
    const { library, events, compute, upload, download } = this.#pipeline;
    const { handle } = compute;
    compute.after(upload, sequence.afterUpload);
    compute.after(download, sequence.afterDownload);
    const hostBytes = block?.byteLength ?? 0;
    const graph = timer === undefined ? this.#graphs.find(sequence, hostBytes) : undefined;
    const wide = hostBytes > parameterPageBytes ? this.#heap.allocate(hostBytes, "parameters") : undefined;
    const { address } = wide ?? graph?.parameters ?? this.#parameterBlock;
    if (block !== undefined) {
      const status = library.cu.cuMemcpyHtoDAsync_v2(address, block.address, hostBytes, handle);
      check(status, "A parameter upload");
    }
    if (wide !== undefined) {
      wide.computed = number;
      this.#heap.release(wide);
    }
    if (graph !== undefined) {
      graph.sequence = number;
      if (library.cu.cuGraphLaunch(graph.handle, handle) === 0) return;
    }
    const launch = () => this.#launcher.submit(sequence, handle, address);
    if (timer === undefined) launch();
    else return events.timed(handle, "kernel", timer, launch);
  }

  drain(limitMs: number): boolean {
    return this.#pipeline.drain(limitMs);
  }

  /** Only after everything enqueued is done. */
  close(): void {
    this.#pipeline.enter();
    this.#pipeline.poll();
    this.#graphs.release();
    this.#heap.release(this.#parameterBlock);
    this.#pipeline.close();
    this.#heap.freeAll();
    this.#parameters.release();
    this.#transfers.release();
  }
}

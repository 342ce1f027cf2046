import type { Bindings, Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import { radixWords } from "../columns/radix-words.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { BoardsMemory, BoardsOptions } from "./memory.ts";

export interface SortMessagesWork {
  /** `columns` columns of `stride` words: the fields, and last the cells. */
  readonly raw: BoardsMemory;
  readonly columns: number;
  readonly stride: number;
  readonly count: number;
  readonly cells: number;
  /** As `raw`, in the order of cells; those of one cell as they were. */
  readonly messages: BoardsMemory;
  /** `cells + 1`: what follows the last cell was not written. */
  readonly starts: BoardsMemory;
  /** `count`: which of `raw` each message was. */
  readonly order: BoardsMemory;
  readonly faults: BoardsMemory;
  readonly faultsAt: number;
  /** Reports cells that hold more than one. */
  readonly single: boolean;
}

const longThreads = 64;

/** Enqueues a stable sort of messages by their cells. */
export async function sortMessages(
  device: Device,
  work: SortMessagesWork,
  options: BoardsOptions,
): Promise<void> {
  const { raw, columns, stride, count, cells, messages, starts, order, faults, faultsAt } = work;
  if (count > 0) {
    using keys = scratch(device, options, count * 4, "cells of messages");
    const bits = Math.ceil(Math.log2(cells + 1));
    await copyWords(device, { from: raw, at: (columns - 1) * stride, to: keys, count }, options);
    await radixWords(device, { words: keys, wordBytes: 4, bits, count, result: order }, options);
  }
  const bindings = { raw, order, messages, starts, faults };
  const rest = [count, columns, stride, cells, faultsAt];
  await run(device, "gather", { units: count, rest, bindings }, options);
  await run(device, "find_starts", { units: cells + 1, rest, bindings }, options);
  if (work.single) await run(device, "find_twice", { units: count, rest, bindings }, options);
}

const copyText = `struct Parameters { units: u32, each: u32, at: u32, to: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;
override threads = 64u;
@compute @workgroup_size(threads)
fn copy_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(first + parameters.each, parameters.units);
  for (var at = first; at < end; at++) {
    result[(parameters.to + at) & 0x7fffffffu] = source[(parameters.at + at) & 0x7fffffffu];
  }
}
`;

export interface CopyWords {
  readonly from: BoardsMemory;
  /** The first word. */
  readonly at?: number;
  readonly to: BoardsMemory;
  readonly toAt?: number;
  readonly count: number;
}

/** Enqueues a copy of words from anywhere to anywhere: views would have to be aligned. */
export async function copyWords(device: Device, work: CopyWords, options: BoardsOptions): Promise<void> {
  const { from, at = 0, to, toAt = 0, count } = work;
  const bindings = { source: from, result: to };
  await run(device, "copy_words", { units: count, rest: [at, toAt], bindings }, options);
}

interface Run {
  readonly units: number;
  readonly rest: readonly number[];
  readonly bindings: Bindings;
}

async function run(
  device: Device,
  entryPoint: string,
  { units, rest, bindings }: Run,
  options: BoardsOptions,
): Promise<void> {
  if (units === 0) return;
  const long = wantsLongThreads(device);
  const threads = long ? 1 : 256;
  const each = long ? chunkOf(units, longThreads, 1) : 1;
  const text = entryPoint === "copy_words" ? copyText : kernelText("boards/sort-messages.wgsl");
  const kernel = await kernelOn(device, text, {
    entryPoint,
    constants: { threads },
    label: `boards, ${entryPoint}`,
  });
  const parameters = Uint32Array.of(units, each, ...rest);
  const groups = inRows(Math.ceil(Math.ceil(units / each) / threads));
  device.dispatch(kernel, { parameters, ...bindings }, groups, workOptions(options));
}

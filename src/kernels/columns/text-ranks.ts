import type { Bindings, Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { scanAxis } from "../scan-axis.ts";
import { kernelOn, kernelText } from "../source.ts";
import { fillWords } from "./bitmap.ts";
import { bitmapBytes, type ColumnOptions, type Memory, type TextMemory } from "./column.ts";
import { Making } from "./owned.ts";
import { selectRows } from "./select.ts";
import { listRows, orderWords, sortByWords } from "./sort-words.ts";
import { takeRows } from "./take.ts";

/** The order of a text column's rows, for the caller to dispose. */
export interface TextRanks {
  /** Row numbers in the order of their bytes; rows of equal text in order. */
  readonly order: Scratch;
  /** Of each row, the first place in `order` with the same text: numbers that compare as the texts do. */
  readonly ranks: Scratch;
}

/** What is equal so far, by position: rows, their segments, places in the order, and bytes that are known. */
interface Open {
  readonly count: number;
  readonly rows: Scratch;
  readonly segments: Scratch;
  readonly slots: Scratch;
  readonly depths: Scratch;
}

const notOpen = 0xffff_ffff;

/**
 * Ranks texts by their bytes; null rows are ranked by what bytes they have. Radix sort by seven bytes at a time: those that
 * all texts of a segment share are skipped, and only texts that are equal so far are looked at again. Two round trips a step.
 */
export async function textRanks(
  device: Device,
  column: TextMemory,
  count: number,
  options: ColumnOptions = {},
): Promise<TextRanks> {
  using making = new Making(device, options);
  const order = making.take(count * 4, "order of texts");
  const ranks = making.take(count * 4, "ranks of texts");
  const zeros = async (label: string) => {
    const memory = scratch(device, options, count * 4, label);
    await fillWords(device, { result: memory, words: count, value: 0 }, options);
    return memory;
  };
  await listRows(device, { count }, order, options);
  const listed = async () => {
    const memory = scratch(device, options, count * 4, "rows");
    await listRows(device, { count }, memory, options);
    return memory;
  };
  let open: Open | undefined = {
    count,
    rows: await listed(),
    segments: await zeros("segments"),
    slots: await listed(),
    depths: await zeros("depths"),
  };
  using skips = scratch(device, options, count * 4, "common bytes");
  await fillWords(device, { result: skips, words: count, value: notOpen }, options);
  try {
    while (open !== undefined && open.count > 0) {
      const next: Open | undefined = await step(device, column, open, { order, ranks, skips }, options);
      disposeOpen(open);
      open = next;
    }
  } finally {
    if (open !== undefined) disposeOpen(open);
  }
  return making.done({ order, ranks });
}

function disposeOpen({ rows, segments, slots, depths }: Open): void {
  for (const memory of [rows, segments, slots, depths]) memory[Symbol.dispose]();
}

interface Found {
  readonly order: Memory;
  readonly ranks: Memory;
  readonly skips: Memory;
}

async function step(
  device: Device,
  column: TextMemory,
  open: Open,
  { order, ranks, skips }: Found,
  options: ColumnOptions,
): Promise<Open> {
  const { count, rows, segments, slots, depths } = open;
  const run = async (file: string, entryPoint: string, bindings: Bindings, threads = count) => {
    const kernel = await kernelOn(device, kernelText(`columns/${file}`), { entryPoint, label: entryPoint });
    const grid = inRows(Math.ceil(threads / 64));
    device.dispatch(kernel, { parameters: Uint32Array.of(count), ...bindings }, grid, workOptions(options));
  };
  const { offsets, values } = column;
  using words = scratch(device, options, count * 8, "prefixes");
  const texts = { offsets, values, rows, segments, depths, skips };
  await run("text-prefix.wgsl", "find_skips", { ...texts, order });
  await run("text-prefix.wgsl", "make_prefixes", { ...texts, words });
  const ascending = { descending: false, nullsFirst: false };
  const keys = [
    { column: { physical: "u32", values: segments }, ...ascending },
    { column: { physical: "u64", values: words }, ...ascending },
  ] as const;
  using positions = await sortByWords(
    device,
    await orderWords(device, keys, { count }, options),
    { count },
    options,
  );
  using sorted = scratch(device, options, count * 4, "sorted rows");
  using heads = scratch(device, options, count * 4, "heads");
  using split = scratch(device, options, count * 4, "segments");
  using mask = scratch(device, options, bitmapBytes(count), "open rows");
  const moved = { positions, words, slots };
  await run("text-segments.wgsl", "split_segments", { ...moved, rows, segments, sorted, heads, skips });
  const scan = {
    operator: "max",
    type: "u32",
    source: heads,
    result: split,
    outer: 1,
    n: count,
    inner: 1,
  } as const;
  await scanAxis(device, scan, options);
  const settling = { ...moved, sorted, segments: split, order, ranks, open: mask };
  await run("text-settle.wgsl", "settle", settling, Math.ceil(count / 32));
  const { rows: places, selected } = await selectRows(device, { mask, count }, options);
  using listed = places;
  const taken = async (source: Memory) => {
    const work = { column: { physical: "u32", values: source }, rows: listed, count: selected } as const;
    return (await takeRows(device, { ...work, sourceRows: count, mayMiss: false }, options)).values;
  };
  return {
    count: selected,
    rows: await taken(sorted),
    segments: await taken(split),
    slots: await taken(slots),
    depths: await taken(depths),
  };
}

import type { Device } from "../../device/device.ts";
import { scratch } from "../axis.ts";
import { kernelText } from "../source.ts";
import type { ColumnOptions, Memory, TextMemory } from "./column.ts";
import { readWords, runUnits } from "./launch.ts";

export interface TextRows {
  readonly column: TextMemory;
  readonly first: number;
  readonly count: number;
}

export interface Ends {
  /** Bytes of the column where the rows start and end. */
  readonly from: number;
  readonly to: number;
}

/** Where rows of text columns start and end among their bytes. One round trip for all. */
export async function endsOf(
  device: Device,
  parts: readonly TextRows[],
  options: ColumnOptions,
): Promise<Ends[]> {
  using result = scratch(device, options, parts.length * 8, "ends");
  for (const [at, { column, first, count }] of parts.entries()) {
    await runUnits(
      device,
      {
        text: kernelText("columns/ends.wgsl"),
        entryPoint: "read_ends",
        units: 1,
        bindings: { offsets: column.offsets, result },
        parameters: [first, first + count, at * 2],
      },
      options,
    );
  }
  const words = await readWords(device, result, parts.length * 2, options);
  return parts.map((_, at) => ({ from: words[at * 2] ?? 0, to: words[at * 2 + 1] ?? 0 }));
}

/** Enqueues offsets of rows: `count + 1` of them, `added` (wrapping) to each, written from `to` on. */
export function moveOffsets(
  device: Device,
  work: TextRows & { readonly result: Memory; readonly to: number; readonly added: number },
  options: ColumnOptions,
): Promise<void> {
  const { column, first, count, result, to, added } = work;
  return runUnits(
    device,
    {
      text: kernelText("columns/move-offsets.wgsl"),
      entryPoint: "move_offsets",
      units: count + 1,
      bindings: { offsets: column.offsets, result },
      parameters: [first, to, added >>> 0],
    },
    options,
  );
}

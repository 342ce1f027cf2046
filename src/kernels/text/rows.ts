import type { Device } from "../../device/device.ts";
import type { KernelOptions } from "../axis.ts";
import { bitmapBytes, type Memory } from "../columns/column.ts";
import { runUnits } from "../columns/launch.ts";
import { Making } from "../columns/owned.ts";
import { selectRows } from "../columns/select.ts";
import type { Scratch } from "../gemm.ts";
import { kernelText, wantsLongThreads } from "../source.ts";

/** Which rows a test looks at, and where it writes the code of those that fail. */
export interface RowTests {
  /** u32: for each row what it failed, 0 so far. Tests that score have two more such parts behind it: f32 scores, and 1 for the rows that have to be decided in f64. */
  readonly results: Memory;
  /** Rows of the batch. */
  readonly count: number;
  /** Those to look at, ascending; absent for all. */
  readonly rows?: Memory | undefined;
  /** How many are looked at. */
  readonly looked: number;
  /** What is written for a row that fails, from 1 on. */
  readonly code: number;
}

/** Bytes of `results`. */
export function resultBytes(count: number, scores: boolean): number {
  return Math.max(1, count * (scores ? 3 : 1)) * 4;
}

/** Enqueues a test; its parameters begin with `units each listed code`. */
export function testRows(
  device: Device,
  tests: RowTests,
  work: {
    readonly text: string;
    readonly entryPoint: string;
    readonly bindings: Readonly<Record<string, Memory | ArrayBufferView>>;
    readonly parameters: readonly number[];
  },
  options: KernelOptions,
): Promise<void> {
  const { results, rows, looked, code } = tests;
  const { text, entryPoint, bindings, parameters } = work;
  return runUnits(
    device,
    {
      text,
      entryPoint,
      units: looked,
      bindings: { ...bindings, rows: rows ?? Uint32Array.of(0), results },
      parameters: [rows === undefined ? 0 : 1, code, ...parameters],
    },
    options,
  );
}

/** The rows that nothing has failed. One round trip. */
export async function survivors(
  device: Device,
  { results, count }: Pick<RowTests, "results" | "count">,
  options: KernelOptions = {},
): Promise<{ readonly rows: Scratch; readonly selected: number }> {
  using making = new Making(device, options);
  const mask = making.take(bitmapBytes(count), "rows that passed");
  const long = wantsLongThreads(device);
  await runUnits(
    device,
    {
      text: kernelText("text/alive.wgsl") + kernelText(`columns/test-rows-${long ? "long" : "short"}.wgsl`),
      entryPoint: "test_rows",
      units: long ? Math.ceil(count / 32) : count,
      bindings: { results, result: mask },
      parameters: [count],
    },
    options,
  );
  return await selectRows(device, { mask, count }, options);
}

/** The bits of numbers in a kernel's parameters. */
export function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
}

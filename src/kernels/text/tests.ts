import type { Device } from "../../device/device.ts";
import type { KernelOptions } from "../axis.ts";
import type { Memory } from "../columns/column.ts";
import { runUnits } from "../columns/launch.ts";
import { Making } from "../columns/owned.ts";
import { gemm } from "../gemm.ts";
import { kernelText, wantsLongThreads } from "../source.ts";
import type { Automaton } from "./automaton.ts";
import { floatBits, type RowTests, testRows } from "./rows.ts";

/** Texts as rows of bytes: row i from `offsets[i]` to `offsets[i + 1]`; `values` are whole words. */
export interface TextRows {
  readonly offsets: Memory;
  readonly values: Memory;
}

export interface LengthTest {
  readonly least: number;
  readonly most: number;
  readonly unit: "bytes" | "characters";
}

const most32 = 0xffff_ffff;

/** Enqueues a test of the length of texts. */
export function testLengths(
  device: Device,
  { texts, test, ...tests }: RowTests & { readonly texts: TextRows; readonly test: LengthTest },
  options: KernelOptions = {},
): Promise<void> {
  const { least, most, unit } = test;
  return testRows(
    device,
    tests,
    {
      text: kernelText("text/length.wgsl") + unusedReader + kernelText("columns/text-characters.wgsl"),
      entryPoint: "test_lengths",
      bindings: { offsets: texts.offsets, values: texts.values },
      parameters: [Math.min(most32, least), Math.min(most32, most), unit === "characters" ? 1 : 0],
    },
    options,
  );
}

/** Of a function that this kernel never calls. */
const unusedReader = "fn four_bytes(at: u32) -> u32 { return values[at / 4u]; }\n";

export interface ScanTest {
  readonly automaton: Omit<Automaton, "classes" | "table">;
  /** u32, 256 */
  readonly classes: Memory;
  /** u32 */
  readonly table: Memory;
}

/** Enqueues scans of texts; outcome k of the automaton fails with `code + k - 1`. */
export function scanTexts(
  device: Device,
  { texts, test, ...tests }: RowTests & { readonly texts: TextRows; readonly test: ScanTest },
  options: KernelOptions = {},
): Promise<void> {
  const { automaton, classes, table } = test;
  const { start, outcomes, classCount } = automaton;
  const shape = wantsLongThreads(device) ? "long" : "short";
  return testRows(
    device,
    tests,
    {
      text: kernelText("text/scan.wgsl") + kernelText(`text/scan-${shape}.wgsl`),
      entryPoint: "scan_rows",
      bindings: { offsets: texts.offsets, values: texts.values, classes, table },
      parameters: [start, outcomes * classCount, classCount],
    },
    options,
  );
}

/** The words of a number such that their order is that of numbers; low word first. */
function orderedWords(value: number): readonly [number, number] {
  const [low = 0, high = 0] = new Uint32Array(Float64Array.of(value).buffer);
  return high >>> 31 === 1 ? [~low >>> 0, ~high >>> 0] : [low, (high | 0x8000_0000) >>> 0];
}

/** Enqueues a test of f64 numbers, two words each; works on devices without f64. */
export function testRange(
  device: Device,
  {
    numbers,
    least,
    most,
    ...tests
  }: RowTests & { readonly numbers: Memory; readonly least: number; readonly most: number },
  options: KernelOptions = {},
): Promise<void> {
  const [lowest, highest] = [least === 0 ? -0 : least, most === 0 ? 0 : most];
  return testRows(
    device,
    tests,
    {
      text: kernelText("text/range.wgsl"),
      entryPoint: "test_range",
      bindings: { numbers },
      parameters: [...orderedWords(lowest), ...orderedWords(highest)],
    },
    options,
  );
}

export interface NearTest {
  /** f32 [centroids, width] */
  readonly centroids: Memory;
  readonly centroidCount: number;
  readonly width: number;
  readonly metric: "l2" | "cosine";
  readonly threshold: number;
  /** Fails what is nearer than the threshold instead of what is farther. */
  readonly far: boolean;
}

/** Enqueues a test of the distance of f32 vectors to the nearest centroid; scores are distances. */
export function testDistance(
  device: Device,
  { vectors, test, ...tests }: RowTests & { readonly vectors: Memory; readonly test: NearTest },
  options: KernelOptions = {},
): Promise<void> {
  const { centroids, centroidCount, width, metric, threshold, far } = test;
  const flags = [metric === "cosine" ? 1 : 0, far ? 1 : 0];
  return testRows(
    device,
    tests,
    {
      text: kernelText("text/near.wgsl"),
      entryPoint: "test_distance",
      bindings: { vectors, centroids },
      parameters: [tests.count, width, centroidCount, ...flags, floatBits(threshold)],
    },
    options,
  );
}

export interface DeviceLayer {
  /** f32 [inputs, outputs] */
  readonly weights: Memory;
  readonly biases: Memory;
  readonly inputs: number;
  readonly outputs: number;
  /** Of its longest column of weights, and of the largest bias: at least their length. */
  readonly norm: number;
}

export interface ClassTest {
  /** Dense layers, all but the last rectified. */
  readonly layers: readonly DeviceLayer[];
  readonly classAt: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Enqueues a test of the probability of a class for f32 vectors: dense layers, then softmax, or the logistic function where there is
 * one output.
 */
export async function testClass(
  device: Device,
  { vectors, test, ...tests }: RowTests & { readonly vectors: Memory; readonly test: ClassTest },
  options: KernelOptions = {},
): Promise<void> {
  const { layers, classAt, least, most } = test;
  const { count, code, looked, results, rows } = tests;
  if (looked === 0) return;
  using held = new Making(device, options);
  const errors = held.take(looked * 8, "errors");
  const none = Uint32Array.of(0);
  const run = (
    entryPoint: string,
    sizes: { width: number; inputs?: number; rectify?: boolean; norm?: number },
    bindings: { source?: Memory; packed: Memory },
  ) => {
    const { width, inputs = 0, rectify = false, norm = 0 } = sizes;
    const bounds = [norm, least, most].map(floatBits);
    const listed = rows === undefined ? 0 : 1;
    const all = {
      pack_rows: { rows: rows ?? none, source: bindings.source ?? none, packed: bindings.packed, errors },
      add_biases: { source: bindings.source ?? none, packed: bindings.packed, errors },
      test_class: { rows: rows ?? none, packed: bindings.packed, errors, results },
    };
    return runUnits(
      device,
      {
        text: kernelText("text/layers.wgsl"),
        entryPoint,
        units: looked,
        bindings: all[entryPoint as keyof typeof all],
        parameters: [listed, code, count, width, inputs, rectify ? 1 : 0, classAt, ...bounds],
      },
      options,
    );
  };
  const width = layers[0]?.inputs ?? 1;
  let packed = held.take(looked * width * 4, "vectors");
  await run("pack_rows", { width }, { source: vectors, packed });
  for (const [at, { weights, biases, inputs, outputs, norm }] of layers.entries()) {
    const out = held.take(looked * outputs * 4, "layer");
    const sizes = { m: looked, n: outputs, k: inputs, batch: 1, strideA: 0, strideB: 0, strideC: 0 };
    const plain = { transposeA: false, transposeB: false, alpha: 1, beta: 0 };
    const { allocate, timer } = options;
    await gemm(
      device,
      { a: packed, b: weights, out, ...sizes, ...plain },
      { timer, ...(allocate === undefined ? {} : { allocate }) },
    );
    const rectify = at < layers.length - 1;
    await run("add_biases", { width: outputs, inputs, rectify, norm }, { source: biases, packed: out });
    packed = out;
  }
  await run("test_class", { width: layers.at(-1)?.outputs ?? 1 }, { packed });
}

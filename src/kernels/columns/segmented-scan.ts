import type { Device } from "../../device/device.ts";
import { type NumberType, scratch, typeBytes, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { keyType, orderedElement, orderText } from "../order-text.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { Making } from "./owned.ts";

export type Segments =
  /** A bitmap: rows where a segment starts. The first row always starts one. */
  | { readonly flags: Memory }
  /** u32 a row: a segment starts where it differs from the row before. */
  | { readonly ids: Memory };

export interface SegmentedScanArguments {
  readonly operator: "sum" | "min" | "max" | "count";
  /** Of the values. Integers wrap. */
  readonly type: NumberType;
  /** Not needed for `count`. */
  readonly source?: Memory | undefined;
  /** A bitmap: other rows neither count nor change anything. */
  readonly validity?: Memory | undefined;
  readonly segments: Segments;
  /** Rows. */
  readonly count: number;
  /** Without the row itself. Default false. */
  readonly exclusive?: boolean;
}

/**
 * Enqueues running sums, least or greatest values within segments of rows: `count` values of the type, u32 for `count`.
 * NaN is the greatest number. The least or greatest of no values is anything. Sums of f64 are UNSUPPORTED on WebGPU;
 * sums of floats are rounded in an order of their own, the same on every run.
 */
export async function segmentedScan(
  device: Device,
  work: SegmentedScanArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  const { operator, source, validity, segments, count, exclusive = false } = work;
  const type = operator === "count" ? "u32" : work.type;
  const long = wantsLongThreads(device);
  const text = [
    declared(work, "flags" in segments),
    operatorText(operator, type),
    kernelText(`columns/segmented-${long ? "long" : "short"}.wgsl`),
    kernelText("columns/segmented-carry.wgsl"),
  ].join("");
  const [sumChunks, carry, scanChunks] = await Promise.all(
    ["sum_chunks", "carry", "scan_chunks"].map((entryPoint) =>
      kernelOn(device, text, { entryPoint, label: `segmented scan ${entryPoint}` }),
    ),
  );
  using making = new Making(device, options);
  const result = making.take(count * typeBytes[type], "scan");
  if (count === 0 || sumChunks === undefined || carry === undefined || scanChunks === undefined) {
    return making.done(result);
  }
  const chunk = long ? chunkOf(count, 64, 16) : chunkOf(count, 256, 256);
  const chunks = Math.ceil(count / chunk);
  using totals = scratch(device, options, chunks * typeBytes[type], "totals");
  using marks = scratch(device, options, chunks * 4, "marks");
  const parameters = Uint32Array.of(count, chunk, exclusive ? 1 : 0);
  const read = {
    parameters,
    segments: "flags" in segments ? segments.flags : segments.ids,
    ...(source === undefined || operator === "count" ? {} : { source }),
    ...(validity === undefined ? {} : { validity }),
  };
  const common = { totals, marks, ...read };
  device.dispatch(sumChunks, { ...common, result }, chunks, workOptions(options));
  device.dispatch(carry, { ...common, result }, 1, workOptions(options));
  device.dispatch(scanChunks, { ...common, result }, chunks, workOptions(options));
  return making.done(result);
}

function declared({ operator, validity }: SegmentedScanArguments, flags: boolean): string {
  const counts = operator === "count";
  return `struct Parameters { count: u32, chunk: u32, exclusive: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> segments: array<u32>;
${counts ? "" : "@group(0) @binding(2) var<storage, read> source: array<E>;"}
${validity === undefined ? "" : "@group(0) @binding(3) var<storage, read> validity: array<u32>;"}
@group(0) @binding(4) var<storage, read_write> totals: array<A>;
@group(0) @binding(5) var<storage, read_write> marks: array<u32>;
@group(0) @binding(6) var<storage, read_write> result: array<E>;

fn starts_at(i: u32) -> bool {
  ${
    flags
      ? "return i == 0u || ((segments[i / 32u] >> (i % 32u)) & 1u) == 1u;"
      : "return i == 0u || segments[i] != segments[max(i, 1u) - 1u];"
  }
}
fn value_at(i: u32) -> A {
  ${validity === undefined ? "" : "if (((validity[i / 32u] >> (i % 32u)) & 1u) == 0u) { return identity(); }"}
  return ${counts ? "1u" : "given(source[i])"};
}
fn put(i: u32, before: A, total: A) {
  if (parameters.exclusive == 1u) {
    result[i] = taken(before);
  } else {
    result[i] = taken(total);
  }
}
`;
}

/** Types E in memory and A in between, and what an operator does. */
function operatorText(operator: SegmentedScanArguments["operator"], type: NumberType): string {
  if (operator === "sum" || operator === "count") {
    return `alias E = ${type};
alias A = ${type};
fn given(value: E) -> A { return value; }
fn taken(value: A) -> E { return value; }
fn identity() -> A { return A(); }
fn combine(a: A, b: A) -> A { return a + b; }
`;
  }
  const key = keyType(type);
  const [low, high] = extremes[key === "i32" || key === "u32" || key === "i64" ? key : "u64"];
  return `${orderText(type, { nan: "highest", zeros: "distinct" })}
alias E = ${orderedElement(type)};
alias A = K;
fn given(value: E) -> A { return key_of(value); }
fn taken(key: A) -> E { return value_of(key); }
fn identity() -> A { return ${operator === "min" ? high : low}; }
fn combine(a: A, b: A) -> A { return ${operator}(a, b); }
`;
}

const extremes = {
  u32: ["0u", "0xffffffffu"],
  i32: ["bitcast<i32>(0x80000000u)", "0x7fffffff"],
  u64: ["0lu", "0xfffffffffffffffflu"],
  i64: ["bitcast<i64>(0x8000000000000000lu)", "0x7fffffffffffffffli"],
} as const;

import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import {
  type AxisSizes,
  type KernelOptions,
  type NumberType,
  powerOfTwo,
  scratch,
  workOptions,
} from "./axis.ts";
import { inRows } from "./grid.ts";
import { type AxisReduction, type ReductionText, reductionText } from "./reduction-text.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

/** The reductions of `AxisReduction` that take no pivots, and two that take two passes. */
export type Reducer =
  | Exclude<AxisReduction, "deviations" | "rootDeviations" | "exponentials" | "exponentialSum">
  | "variance"
  | "std"
  | "logSumExp";

export interface ReduceAxisArguments extends AxisSizes {
  readonly reduction: Reducer;
  /** Also "bool", a byte each, for any and all. */
  readonly type: NumberType | "bool";
  /** `outer * n * inner` numbers. */
  readonly source: DeviceBuffer | BufferView;
  /** `outer * inner` results. Must not overlap `source`. */
  readonly result: DeviceBuffer | BufferView;
  /**
   * The type of the results: positions of argMin and argMax (default i32), sums of integers (default as `type`). Flags of
   * any and all are u32, everything else is of `type`.
   */
  readonly resultType?: NumberType;
  /** For variance and std: it is divided by `n - correction`. Default 0. */
  readonly correction?: number;
}

const longThreads = 64;
const leastPart = 8192;
const shortGroups = 512;

/**
 * Enqueues a reduction along one axis. Integers wrap in the result's type; NaN makes sums, products, minima and maxima NaN
 * and is what argMin and argMax find; the first of equals wins. Sums of f32 are off by at most
 * `(200 + n / 2048) * 2^-24 * sum |x|`. Variance and std take two passes, and so does logSumExp, which subtracts the maximum.
 * Of no elements, min, max, argMin and argMax throw INVALID_ARGUMENT; the rest give their identity, means NaN.
 */
export async function reduceAxis(
  device: Device,
  work: ReduceAxisArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { reduction, outer, n, inner, correction = 0 } = work;
  if (outer * inner === 0) return;
  if (n === 0 && hasNoIdentity.has(reduction)) {
    throw new AikoError("INVALID_ARGUMENT", { message: `The ${reduction} of no elements does not exist` });
  }
  if (reduction !== "variance" && reduction !== "std" && reduction !== "logSumExp") {
    await reduceAxisPass(device, { ...work, reduction, divisor: n }, options);
    return;
  }
  using pivots = scratch(device, options, outer * inner * 8, `pivots of ${reduction}`);
  if (reduction !== "logSumExp") {
    await reduceAxisPass(device, { ...work, reduction: "mean", result: pivots, divisor: n }, options);
    const divisor = Math.max(0, n - correction);
    const name = reduction === "std" ? "rootDeviations" : "deviations";
    await reduceAxisPass(device, { ...work, reduction: name, pivots, divisor }, options);
  } else {
    await reduceAxisPass(device, { ...work, reduction: "max", result: pivots, divisor: n }, options);
    await reduceAxisPass(device, { ...work, reduction: "exponentials", pivots, divisor: n }, options);
  }
}

const hasNoIdentity: ReadonlySet<Reducer> = new Set([
  "min",
  "max",
  "minAbs",
  "maxAbs",
  "argMin",
  "argMax",
  "logSumExp",
]);

export interface ReduceAxisPass extends Omit<ReduceAxisArguments, "reduction"> {
  readonly reduction: AxisReduction;
  readonly pivots?: DeviceBuffer | BufferView;
  readonly divisor: number;
}

/** Enqueues one pass: `pivots` has a number for each result where the reduction takes them, `divisor` is what means divide by. */
export async function reduceAxisPass(
  device: Device,
  work: ReduceAxisPass,
  options: KernelOptions,
): Promise<void> {
  const { reduction, type, source, result, pivots, outer, n, inner, divisor } = work;
  const long = wantsLongThreads(device);
  const isPosition = reduction === "argMin" || reduction === "argMax";
  const element = type === "bool" ? "u32" : type;
  const definition = reductionText(
    reduction,
    element,
    work.resultType ?? (isPosition ? "i32" : element),
    long,
  );
  const access = accessText(definition, type === "bool");
  const plan = long ? planLong(work) : planShort(work);
  const { parts, chunk } = plan;
  const isDirect = parts === 1;
  const label = `${reduction} along an axis`;
  const file = long ? "reduce-axis-long.wgsl" : "reduce-axis-short.wgsl";
  const text = `${definition.text}${access}${isDirect ? directText : partialText}${kernelText(file)}`;
  const entryPoint = long ? (inner === 1 ? "reduce_rows" : "reduce_columns") : "reduce";
  const ending = `${definition.text}${access}${directText}${kernelText("reduce-axis-finish.wgsl")}`;
  const [kernel, finish] = await Promise.all([
    kernelOn(device, text, { entryPoint, contract: true, label }),
    isDirect ? undefined : kernelOn(device, ending, { entryPoint: "finish", label: `${label}, finish` }),
  ]);
  const outputs = outer * inner;
  const parameters = Uint32Array.of(outputs, n, inner, parts, chunk, divisor, plan.lanes, plan.each);
  const read = definition.hasPivots && pivots !== undefined ? { source, pivots } : { source };
  if (finish === undefined) {
    device.dispatch(kernel, { ...read, result, parameters }, inRows(plan.groups), workOptions(options));
    return;
  }
  using partials = scratch(device, options, outputs * parts * definition.accumulatorBytes, "partial results");
  const first = { ...read, partial_values: partials, parameters };
  device.dispatch(kernel, first, inRows(plan.groups), workOptions(options));
  const second = { partial_values: partials, result, parameters };
  const bindings = definition.hasPivots && pivots !== undefined ? { ...second, pivots } : second;
  device.dispatch(finish, bindings, inRows(Math.ceil(outputs / 64)), workOptions(options));
}

const directText = `@group(0) @binding(3) var<storage, read_write> result: array<R>;
fn emit(out: u32, part: u32, total: A) { result[out] = store(total, pivot(out), parameters.divisor); }
`;
const partialText = `@group(0) @binding(4) var<storage, read_write> partial_values: array<A>;
fn emit(out: u32, part: u32, total: A) { partial_values[part * parameters.outputs + out] = total; }
`;

function accessText({ hasPivots }: ReductionText, isBytes: boolean): string {
  const pivots = hasPivots
    ? `@group(0) @binding(2) var<storage, read> pivots: array<P>;
fn pivot(out: u32) -> P { return pivots[out]; }
fn pivot4(out: u32) -> vec4<P> { return vec4(pivots[out], pivots[out + 1u], pivots[out + 2u], pivots[out + 3u]); }
`
    : `fn pivot(out: u32) -> P { return 0u; }
fn pivot4(out: u32) -> vec4<P> { return vec4(0u); }
`;
  return `@group(0) @binding(1) var<storage, read> source: array<E>;
fn element(i: u32) -> E { return ${isBytes ? "(source[i / 4u] >> (i % 4u * 8u)) & 0xffu" : "source[i]"}; }
fn element4(i: u32) -> vec4<E> { return vec4(element(i), element(i + 1u), element(i + 2u), element(i + 3u)); }
${pivots}`;
}

interface Plan {
  /** Each result is computed in so many parts of `chunk` numbers. */
  readonly parts: number;
  readonly chunk: number;
  readonly groups: number;
  readonly lanes: number;
  readonly each: number;
}

function planLong({ outer, n, inner }: AxisSizes): Plan {
  const strips = outer * (inner === 1 ? 1 : Math.ceil(inner / 16));
  const wanted = strips * 2 > longThreads ? 1 : Math.floor(longThreads / strips);
  const wantedParts = Math.max(1, Math.min(wanted, Math.ceil((n * Math.min(inner, 16)) / leastPart)));
  const chunk = Math.ceil(Math.max(1, n) / wantedParts / 16) * 16;
  const parts = Math.max(1, Math.ceil(n / chunk));
  const units = strips * parts;
  const each = Math.ceil(units / longThreads);
  return { parts, chunk, groups: Math.ceil(units / each), lanes: units, each };
}

function planShort({ outer, n, inner }: AxisSizes): Plan {
  const neighbours = Math.min(32, powerOfTwo(inner));
  const lanes = Math.min(256 / neighbours, powerOfTwo(n / 4));
  const blocks = Math.ceil((outer * inner) / (256 / lanes));
  const wantedParts = Math.max(1, Math.min(Math.floor(shortGroups / blocks), Math.ceil(n / lanes / 64)));
  const chunk = Math.ceil(Math.max(1, n) / wantedParts);
  const parts = Math.max(1, Math.ceil(n / chunk));
  return { parts, chunk, groups: blocks * parts, lanes, each: 0 };
}

import { elementCount } from "../../../core/shape.ts";
import type { Buffer } from "../buffer.ts";
import type { PlanBuilder, Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import {
  allow,
  axesOf,
  axisOf,
  elementsOf,
  floats,
  int,
  integersAt,
  integersOf,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
} from "../context.ts";
import { type DType, elementAt, isFloat, type StorageType, storageOf } from "../types.ts";

/** A tensor seen as so many rows of `n` elements that lie `inner` apart. */
export interface Axis {
  readonly buffer: Buffer;
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/** Brings the axes together, by a transpose in memory where they lie apart. */
export function alongAxes(builder: PlanBuilder, x: Value, axes: readonly number[]): Axis {
  const first = axes[0] ?? x.shape.length;
  const together = axes.every((axis, at) => axis === first + at);
  const sizes = (list: readonly number[]) => elementCount(list.map((axis) => elementAt(x.shape, axis)));
  const rest = x.shape.map((_, at) => at).filter((at) => !axes.includes(at));
  if (together) {
    const inner = elementCount(x.shape.slice(first + axes.length));
    return { buffer: builder.dense(x), outer: elementCount(x.shape.slice(0, first)), n: sizes(axes), inner };
  }
  const turned = builder.transpose(x, [...rest, ...axes]);
  return { buffer: builder.dense(turned), outer: sizes(rest), n: sizes(axes), inner: 1 };
}

interface Reduction {
  readonly start: (type: StorageType) => string;
  readonly step: (type: StorageType, nan: (value: string) => string) => string;
}

/** NaN is tested by its bits. */
export function nanTest(type: StorageType): (value: string) => string {
  if (type === "f64")
    return (value) => `(bitcast<u64>(${value}) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu`;
  if (type === "f32") return (value) => `(bitcast<u32>(${value}) & 0x7fffffffu) > 0x7f800000u`;
  return () => "false";
}

const extreme = (compare: string): Reduction => ({
  start: () => "source[at]",
  step: (_, nan) => `total = select(total, value, value ${compare} total || ${nan("value")});`,
});

const reductions = {
  sum: { start: (type) => `${type}(0)`, step: () => "total += value;" },
  prod: { start: (type) => `${type}(1)`, step: () => "total *= value;" },
  min: extreme("<"),
  max: extreme(">"),
} as const satisfies Readonly<Record<string, Reduction>>;

/** One reduction along axes; the result has the other dimensions, in order. Sums of floats go by blocks of 64. */
export function reduced(
  builder: PlanBuilder,
  kind: keyof typeof reductions,
  x: Value,
  axes: readonly number[],
): Value {
  const { buffer, outer, n, inner } = alongAxes(builder, x, axes);
  const shape = x.shape.filter((_, at) => !axes.includes(at));
  const type = storageOf(x.dtype);
  const result = builder.buffer(x.dtype, outer * inner);
  const { start, step }: Reduction = reductions[kind];
  const nan = nanTest(type);
  const blocked = kind === "sum" && isFloat(x.dtype);
  const keep =
    (kind === "min" || kind === "max") && isFloat(x.dtype) ? `if (${nan("total")}) { break; }\n    ` : "";
  const loop = blocked
    ? `  var at = base;
  var left = p.n;
  while (left > 0u) {
    let block = min(left, 64u);
    var part = ${type}(0);
    for (var j = 0u; j < block; j++) {
      part += source[at];
      at += p.inner;
    }
    total += part;
    left -= block;
  }`
    : `  for (var j = 0u; j < p.n; j++) {
    ${keep}let value = source[base + j * p.inner];
    ${step(type, nan)}
  }`;
  cellStep(builder, {
    label: `reduce ${kind} of ${n}`,
    inputs: { source: buffer },
    outputs: { result },
    sizes: { n, inner },
    text: `fn cell(i: u32) {
  let base = (i / p.inner) * p.n * p.inner + i % p.inner;
  var total = ${start(type).replace("at", "base")};
${loop}
  result[i] = ${narrowed("total", x.dtype)};
}
`,
    count: outer * inner,
    work: n,
  });
  return builder.leaf(result, shape);
}

function narrowed(value: string, dtype: DType): string {
  if (dtype === "i8") return `((${value} << 24u) >> 24u)`;
  if (dtype === "i16") return `((${value} << 16u) >> 16u)`;
  if (dtype === "u8") return `(${value} & 0xffu)`;
  if (dtype === "u16") return `(${value} & 0xffffu)`;
  return value;
}

type Reduce = (context: NodeContext, x: Value, axes: readonly number[], count: number) => Value;

const numbers: readonly DType[] = [...floats, "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

/** What all reductions have in common: the axes as attribute or input, none meaning all, and kept dimensions. */
const reduction =
  (reduce: Reduce, types: readonly DType[], empty: (dtype: DType) => number | undefined): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, types);
    const given = integersAt(context, inputs, 1, "axes") ?? [];
    if (given.length === 0 && int(context, "noop_with_empty_axes", 0) !== 0) {
      return reduce(context, x, [], 1);
    }
    const rank = x.shape.length;
    const axes = given.length === 0 ? x.shape.map((_, at) => at) : axesOf(context, given, rank);
    const shape = x.shape.map((size, at) => (axes.includes(at) ? 1 : size));
    const kept = int(context, "keepdims", 1) !== 0;
    const finalShape = kept ? shape : shape.filter((_, at) => !axes.includes(at));
    const count = elementCount(axes.map((axis) => elementAt(x.shape, axis)));
    if (count === 0) {
      const value = empty(x.dtype) ?? invalid(context.node, "nothing to reduce");
      return context.builder.scalar(x.dtype, value, finalShape);
    }
    if (elementCount(x.shape) === 0) return context.builder.scalar(x.dtype, 0, finalShape);
    return context.builder.reshape(reduce(context, x, axes, count), finalShape);
  };

const by =
  (kind: keyof typeof reductions, before?: string, after?: string): Reduce =>
  ({ builder }, x, axes) => {
    const mapped = before === undefined ? x : builder.apply(before, x.dtype, x);
    const total = axes.length === 0 ? mapped : reduced(builder, kind, mapped, axes);
    return after === undefined ? total : builder.apply(after, x.dtype, total);
  };

const mean: Reduce = ({ builder }, x, axes, count) => {
  const sum = axes.length === 0 ? x : reduced(builder, "sum", x, axes);
  return builder.apply("div", x.dtype, sum, builder.scalar(x.dtype, count));
};

/** With the largest element taken out, so that no exponential overflows. */
const logSumExp: Reduce = ({ builder }, x, axes) => {
  if (axes.length === 0) return x;
  const kept = x.shape.map((size, at) => (axes.includes(at) ? 1 : size));
  const most = builder.settle(reduced(builder, "max", x, axes));
  const infinite = builder.apply("isInf", "bool", most);
  const shift = builder.settle(builder.apply("where", x.dtype, infinite, builder.scalar(x.dtype, 0), most));
  const moved = builder.apply("sub", x.dtype, x, builder.reshape(shift, kept));
  const sum = reduced(builder, "sum", builder.apply("exp", x.dtype, moved), axes);
  return builder.apply("add", x.dtype, builder.apply("log", x.dtype, sum), shift);
};

const zero = () => 0;
const lowest = (dtype: DType): number | undefined =>
  isFloat(dtype) ? -Infinity : dtype === "bool" ? 0 : undefined;
const highest = (dtype: DType): number | undefined =>
  isFloat(dtype) ? Infinity : dtype === "bool" ? 1 : undefined;

/** ONNX's first index, or last, of the largest or smallest element. */
const extremeIndex =
  (largest: boolean): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, numbers);
    const { builder } = context;
    const axis = axisOf(context, int(context, "axis", 0), x.shape.length);
    const { buffer, outer, n, inner } = alongAxes(builder, x, [axis]);
    if (n === 0) invalid(context.node, "nothing to search");
    const last = int(context, "select_last_index", 0) !== 0;
    const type = storageOf(x.dtype);
    const nan = nanTest(type);
    const compare = `${largest ? ">" : "<"}${last ? "=" : ""}`;
    const result = builder.buffer("i64", outer * inner);
    const test = isFloat(x.dtype)
      ? `(!(${nan("best")}) && (value ${compare} best || ${nan("value")}))`
      : `value ${compare} best`;
    cellStep(builder, {
      label: `${largest ? "argmax" : "argmin"} of ${n}`,
      inputs: { source: buffer },
      outputs: { result },
      sizes: { n, inner },
      text: `fn cell(i: u32) {
  let base = (i / p.inner) * p.n * p.inner + i % p.inner;
  var best = source[base];
  var found = 0u;
  for (var j = 1u; j < p.n; j++) {
    let value = source[base + j * p.inner];
    if (${test}) {
      best = value;
      found = j;
    }
  }
  result[i] = i64(found);
}
`,
      count: outer * inner,
      work: n,
    });
    const shape = x.shape.flatMap((size, at) =>
      at !== axis ? [size] : int(context, "keepdims", 1) !== 0 ? [1] : [],
    );
    return builder.leaf(result, shape);
  };

const cumulative: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, [...floats, "i32", "i64", "u32", "u64"]);
  const { builder } = context;
  const given = integersOf(context, required(context, inputs, 1), "axis")[0] ?? 0;
  const axis = axisOf(context, given, x.shape.length);
  const { buffer, outer, n, inner } = alongAxes(builder, x, [axis]);
  const reverse = int(context, "reverse", 0) !== 0;
  const exclusive = int(context, "exclusive", 0) !== 0;
  const result = builder.buffer(x.dtype, outer * n * inner);
  const write = "    result[at] = total;\n";
  cellStep(builder, {
    label: `cumulative sum of ${n}`,
    inputs: { source: buffer },
    outputs: { result },
    sizes: { n, inner },
    text: `fn cell(i: u32) {
  let base = (i / p.inner) * p.n * p.inner + i % p.inner;
  var total = ${storageOf(x.dtype)}(0);
  for (var j = 0u; j < p.n; j++) {
    let at = base + ${reverse ? "(p.n - 1u - j)" : "j"} * p.inner;
${exclusive ? write : ""}    total += source[at];
${exclusive ? "" : write}  }
}
`,
    count: outer * inner,
    work: n,
  });
  return builder.leaf(result, x.shape);
};

/** Each element's place by counting those in front of it: k of n elements, for any n that fits one thread's patience. */
const topK: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, numbers);
  const { builder } = context;
  const given = inputs[1];
  const k =
    given === undefined ? int(context, "k", 1) : Number(elementsOf(context, given, "k").data[0] ?? 0n);
  const axis = axisOf(context, int(context, "axis", -1), x.shape.length);
  const { buffer, outer, n, inner } = alongAxes(builder, x, [axis]);
  if (k < 0 || k > n) invalid(context.node, `k ${k} of ${n} elements`);
  if (n > 65_536) refuse(context.node, `${n} elements along an axis`);
  const largest = int(context, "largest", 1) !== 0;
  const type = storageOf(x.dtype);
  const nan = nanTest(type);
  const shape = x.shape.map((size, at) => (at === axis ? k : size));
  const values = builder.buffer(x.dtype, outer * k * inner);
  const indices = builder.buffer("i64", outer * k * inner);
  const before = isFloat(x.dtype)
    ? `fn before(a: ${type}, b: ${type}) -> bool {
  let odd_a = ${nan("a")};
  let odd_b = ${nan("b")};
  return select(a ${largest ? ">" : "<"} b, ${largest ? "odd_a && !odd_b" : "!odd_a && odd_b"}, odd_a || odd_b);
}
`
    : `fn before(a: ${type}, b: ${type}) -> bool { return a ${largest ? ">" : "<"} b; }
`;
  cellStep(builder, {
    label: `top ${k} of ${n}`,
    inputs: { source: buffer },
    outputs: { values, indices },
    sizes: { n, inner, k },
    text: `${before}fn cell(i: u32) {
  let inside = i % p.inner;
  let j = (i / p.inner) % p.n;
  let row = i / p.inner / p.n;
  let base = row * p.n * p.inner + inside;
  let own = source[base + j * p.inner];
  var place = 0u;
  for (var other = 0u; other < p.n && place < p.k; other++) {
    let value = source[base + other * p.inner];
    if (before(value, own) || (other < j && !before(own, value))) {
      place++;
    }
  }
  if (place < p.k) {
    let at = (row * p.k + place) * p.inner + inside;
    values[at] = own;
    indices[at] = i64(j);
  }
}
`,
    count: k === 0 ? 0 : outer * n * inner,
    work: n,
  });
  return [builder.leaf(values, shape), builder.leaf(indices, shape)];
};

export const reductionOperators: Readonly<Record<string, Lower>> = {
  ReduceSum: reduction(by("sum"), numbers, zero),
  ReduceMean: reduction(mean, numbers, (dtype) => (isFloat(dtype) ? Number.NaN : undefined)),
  ReduceMax: reduction(by("max"), [...numbers, "bool"], lowest),
  ReduceMin: reduction(by("min"), [...numbers, "bool"], highest),
  ReduceProd: reduction(by("prod"), numbers, () => 1),
  ReduceL1: reduction(by("sum", "abs"), numbers, zero),
  ReduceL2: reduction(by("sum", "square", "sqrt"), floats, zero),
  ReduceLogSum: reduction(by("sum", undefined, "log"), floats, () => -Infinity),
  ReduceLogSumExp: reduction(logSumExp, floats, () => -Infinity),
  ReduceSumSquare: reduction(by("sum", "square"), numbers, zero),
  ArgMax: extremeIndex(true),
  ArgMin: extremeIndex(false),
  CumSum: cumulative,
  TopK: topK,
};

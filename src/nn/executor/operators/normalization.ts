import { elementCount } from "../../../core/shape.ts";
import type { Buffer } from "../buffer.ts";
import type { PlanBuilder, Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import {
  allow,
  axisOf,
  float,
  floats,
  int,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
} from "../context.ts";
import { elementAt, storageOf } from "../types.ts";
import { helpersOf } from "./elementwise.ts";
import { alongAxes, reduced } from "./reduction.ts";

/** Softmax along `n` elements `inner` apart: three walks by one thread a row. */
function softmaxOf(builder: PlanBuilder, x: Value, axes: readonly number[], log: boolean): Value {
  const { buffer, outer, n, inner } = alongAxes(builder, x, axes);
  const type = storageOf(x.dtype);
  const result = builder.buffer(x.dtype, outer * n * inner);
  const last = log
    ? `  let shift = most + log(sum);
  for (var j = 0u; j < p.n; j++) {
    result[base + j * p.inner] = source[base + j * p.inner] - shift;
  }`
    : `  let scale = ${type}(1.0) / sum;
  for (var j = 0u; j < p.n; j++) {
    result[base + j * p.inner] = result[base + j * p.inner] * scale;
  }`;
  cellStep(builder, {
    label: `${log ? "log softmax" : "softmax"} of ${n}`,
    inputs: { source: buffer },
    outputs: { result },
    sizes: { n, inner },
    text: `fn cell(i: u32) {
  let base = (i / p.inner) * p.n * p.inner + i % p.inner;
  var most = source[base];
  for (var j = 1u; j < p.n; j++) {
    let value = source[base + j * p.inner];
    most = select(most, value, value > most);
  }
  var sum = ${type}(0);
  for (var j = 0u; j < p.n; j++) {
    let value = exp(source[base + j * p.inner] - most);
    ${log ? "" : "result[base + j * p.inner] = value;"}
    sum += value;
  }
${last}
}
`,
    count: n === 0 ? 0 : outer * inner,
    work: 8 * n,
  });
  return builder.leaf(result, x.shape);
}

const softmax =
  (log: boolean): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, floats);
    return softmaxOf(context.builder, x, softAxes(context, x), log);
  };

/** Before operator set 13 all dimensions from the axis on were one. */
function softAxes(context: NodeContext, { shape }: Value): number[] {
  const old = context.opset < 13;
  const axis = axisOf(context, int(context, "axis", old ? 1 : -1), Math.max(1, shape.length));
  if (shape.length === 0) return [];
  return old ? shape.map((_, at) => at).slice(axis) : [axis];
}

const hardmax: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const { buffer, outer, n, inner } = alongAxes(builder, x, softAxes(context, x));
  const type = storageOf(x.dtype);
  const result = builder.buffer(x.dtype, outer * n * inner);
  cellStep(builder, {
    label: `hardmax of ${n}`,
    inputs: { source: buffer },
    outputs: { result },
    sizes: { n, inner },
    text: `fn cell(i: u32) {
  let base = (i / p.inner) * p.n * p.inner + i % p.inner;
  var best = 0u;
  for (var j = 0u; j < p.n; j++) {
    result[base + j * p.inner] = ${type}(0);
    if (source[base + j * p.inner] > source[base + best * p.inner]) {
      best = j;
    }
  }
  result[base + best * p.inner] = ${type}(1);
}
`,
    count: outer * inner,
    work: n,
  });
  return builder.leaf(result, x.shape);
};

interface Moments {
  readonly mean: Buffer;
  /** One over the root of variance (or mean square) and epsilon. */
  readonly scale: Buffer;
}

/** Mean and inverse deviation of rows of `n` elements: two walks, so that large means cancel nothing. */
function momentsOf(
  builder: PlanBuilder,
  source: Buffer,
  rows: number,
  n: number,
  epsilon: number,
  centred: boolean,
): Moments {
  const type = storageOf(source.dtype);
  const mean = builder.buffer(source.dtype, rows);
  const scale = builder.buffer(source.dtype, rows);
  const sum = (value: string) => `  for (var start = 0u; start < p.n; start += 64u) {
    var part = ${type}(0);
    for (var j = start; j < min(start + 64u, p.n); j++) {
      ${value}
    }
    total += part;
  }`;
  const average = centred
    ? `${sum("part += source[base + j];")}\n  let middle = total / ${type}(p.n);`
    : `  let middle = ${type}(0);`;
  cellStep(builder, {
    label: `moments of ${n}`,
    inputs: { source },
    outputs: { mean, scale },
    sizes: { n, epsilon: new Uint32Array(Float32Array.of(epsilon).buffer)[0] ?? 0 },
    text: `fn cell(i: u32) {
  let base = i * p.n;
  var total = ${type}(0);
${average}
  total = ${type}(0);
${sum("let d = source[base + j] - middle;\n      part += d * d;")}
  mean[i] = middle;
  scale[i] = ${type}(1.0) / sqrt(total / ${type}(p.n) + ${type}(bitcast<f32>(p.epsilon)));
}
`,
    count: rows,
    work: 2 * n,
  });
  return { mean, scale };
}

/** `(x - mean) / deviation` over the trailing dimensions of `[rows, n]`. */
function standardized(builder: PlanBuilder, x: Value, rows: number, epsilon: number, centred = true) {
  const n = elementCount(x.shape) / Math.max(1, rows);
  const buffer = builder.dense(x);
  const { mean, scale } = momentsOf(builder, buffer, rows, n, epsilon, centred);
  const wide = (source: Buffer) =>
    builder.reshape(builder.expand(builder.leaf(source, [rows, 1]), [rows, n]), x.shape);
  const inMemory = builder.leaf(buffer, x.shape);
  const moved = centred ? builder.apply("sub", x.dtype, inMemory, wide(mean)) : inMemory;
  return { value: builder.apply("mul", x.dtype, moved, wide(scale)), mean, scale };
}

const layer: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const axis = axisOf(context, int(context, "axis", -1), x.shape.length);
  const rows = elementCount(x.shape.slice(0, axis));
  if (elementCount(x.shape) === 0) refuse(context.node, "a tensor without elements");
  const stash = int(context, "stash_type", 1);
  if (stash !== 1) refuse(context.node, `stash_type ${stash}`);
  const { value, mean, scale } = standardized(builder, x, rows, float(context, "epsilon", 1e-5));
  const weighted = builder.apply("mul", x.dtype, value, required(context, inputs, 1));
  const bias = inputs[2];
  const y = bias === undefined ? weighted : builder.apply("add", x.dtype, weighted, bias);
  const shape = x.shape.map((size, at) => (at < axis ? size : 1));
  const statistics = (buffer: Buffer): Value => {
    const leaf = builder.leaf(buffer, shape);
    return x.dtype === "f16" || x.dtype === "bf16" ? builder.cast(leaf, "f32") : leaf;
  };
  return [y, statistics(mean), statistics(scale)];
};

const rootMeanSquare: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const axis = axisOf(context, int(context, "axis", -1), x.shape.length);
  if (elementCount(x.shape) === 0) refuse(context.node, "a tensor without elements");
  const rows = elementCount(x.shape.slice(0, axis));
  const { value } = standardized(builder, x, rows, float(context, "epsilon", 1e-5), false);
  return builder.apply("mul", x.dtype, value, required(context, inputs, 1));
};

/** One number a channel, as something that broadcasts over `[batch, channels, ...]`. */
function perChannel({ builder, node }: NodeContext, value: Value, x: Value): Value {
  const channels = elementAt(x.shape, 1);
  if (elementCount(value.shape) !== channels)
    invalid(node, `${elementCount(value.shape)} numbers for ${channels} channels`);
  return builder.reshape(value, [channels, ...x.shape.slice(2).map(() => 1)]);
}

const instance: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  if (x.shape.length < 3 || elementCount(x.shape) === 0)
    refuse(context.node, `a tensor of shape [${x.shape.join(", ")}]`);
  const { builder } = context;
  const rows = elementCount(x.shape.slice(0, 2));
  const { value } = standardized(builder, x, rows, float(context, "epsilon", 1e-5));
  const weighted = builder.apply("mul", x.dtype, value, perChannel(context, required(context, inputs, 1), x));
  return builder.apply("add", x.dtype, weighted, perChannel(context, required(context, inputs, 2), x));
};

const group: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const groups = int(context, "num_groups", 1);
  const channels = x.shape[1] ?? 0;
  if (groups < 1 || channels % groups !== 0 || elementCount(x.shape) === 0) {
    invalid(context.node, `${channels} channels in ${groups} groups`);
  }
  if (int(context, "stash_type", 1) !== 1) refuse(context.node, "stash_type");
  const { value } = standardized(builder, x, elementAt(x.shape, 0) * groups, float(context, "epsilon", 1e-5));
  const factor = (given: Value): Value => {
    if (context.opset >= 21) return perChannel(context, given, x);
    const each = builder.expand(builder.reshape(given, [groups, 1]), [groups, channels / groups]);
    return builder.reshape(each, [channels, ...x.shape.slice(2).map(() => 1)]);
  };
  const weighted = builder.apply("mul", x.dtype, value, factor(required(context, inputs, 1)));
  return builder.apply("add", x.dtype, weighted, factor(required(context, inputs, 2)));
};

const batch: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  if (int(context, "training_mode", 0) !== 0) refuse(context.node, "training mode");
  if (int(context, "spatial", 1) === 0) refuse(context.node, "spatial 0");
  if (context.node.outputs.filter((name) => name !== "").length > 1)
    refuse(context.node, "outputs of training");
  if (x.shape.length < 2) invalid(context.node, `a tensor of ${x.shape.length} dimensions`);
  const { builder } = context;
  const part = (at: number) => builder.cast(required(context, inputs, at), x.dtype);
  const { num, op } = helpersOf(context, x.dtype);
  const deviation = op("sqrt", op("add", part(4), num(float(context, "epsilon", 1e-5))));
  const factor = builder.settle(op("div", part(1), deviation));
  const offset = builder.settle(op("sub", part(2), op("mul", part(3), factor)));
  return op("add", op("mul", x, perChannel(context, factor, x)), perChannel(context, offset, x));
};

const localResponse: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, ["f32"]);
  const { builder } = context;
  const size = int(context, "size", 1);
  const [n = 0, channels = 0] = x.shape;
  const plane = elementCount(x.shape.slice(2));
  const sums = builder.buffer("f32", elementCount(x.shape));
  const source = builder.dense(x);
  cellStep(builder, {
    label: "neighbouring channels",
    inputs: { source },
    outputs: { sums },
    sizes: { channels, plane, below: Math.floor((size - 1) / 2), above: Math.ceil((size - 1) / 2) },
    text: `fn cell(i: u32) {
  let channel = (i / p.plane) % p.channels;
  let first = select(0u, channel - p.below, channel >= p.below);
  let last = min(channel + p.above, p.channels - 1u);
  var sum = 0.0;
  for (var c = first; c <= last; c++) {
    let value = source[i + (c - channel) * p.plane];
    sum += value * value;
  }
  sums[i] = sum;
}
`,
    count: n * channels * plane,
    work: size,
  });
  const { num, op } = helpersOf(context, "f32");
  const scale = op("mul", num(float(context, "alpha", 1e-4) / size), builder.leaf(sums, x.shape));
  const base = op("add", num(float(context, "bias", 1)), scale);
  return op("div", builder.leaf(source, x.shape), op("pow", base, num(float(context, "beta", 0.75))));
};

const meanVariance: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const attribute = context.node.attributes.get("axes");
  const given = attribute?.kind === "ints" ? Array.from(attribute.value, Number) : [0, 2, 3];
  const axes = given.map((axis) => axisOf(context, axis, x.shape.length)).sort((a, b) => a - b);
  const count = elementCount(axes.map((axis) => elementAt(x.shape, axis)));
  const shape = x.shape.map((size, at) => (axes.includes(at) ? 1 : size));
  const { num, op } = helpersOf(context, x.dtype);
  const settled = builder.settle(x);
  const average = (value: Value) =>
    builder.reshape(op("div", reduced(builder, "sum", value, axes), num(count)), shape);
  const centred = builder.settle(op("sub", settled, average(settled)));
  const deviation = op("sqrt", average(op("square", centred)));
  return op("div", centred, op("add", deviation, num(1e-9)));
};

const lpNormalization: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { builder } = context;
  const axis = axisOf(context, int(context, "axis", -1), x.shape.length);
  const order = int(context, "p", 2);
  if (order !== 1 && order !== 2) refuse(context.node, `p ${order}`);
  const { op, num, test, pick } = helpersOf(context, x.dtype);
  const settled = builder.settle(x);
  const sum = reduced(builder, "sum", op(order === 1 ? "abs" : "square", settled), [axis]);
  const norm = builder.reshape(
    order === 1 ? sum : op("sqrt", sum),
    x.shape.map((size, at) => (at === axis ? 1 : size)),
  );
  return pick(test("equal", norm, num(0)), num(0), op("div", settled, norm));
};

export const normalizations: Readonly<Record<string, Lower>> = {
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  Hardmax: hardmax,
  LayerNormalization: layer,
  RMSNormalization: rootMeanSquare,
  InstanceNormalization: instance,
  GroupNormalization: group,
  BatchNormalization: batch,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
};

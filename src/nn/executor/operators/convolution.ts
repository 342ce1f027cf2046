import { elementCount } from "../../../core/shape.ts";
import type { Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import {
  allow,
  floats,
  int,
  ints,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
  text,
} from "../context.ts";
import { type Convolution, isDenseConvolution, planesStep } from "../planes.ts";
import { type Matrix, productStep } from "../product.ts";
import { elementAt, storageOf } from "../types.ts";

/** How a window moves over one or two dimensions of an image, given as two. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Before the first row and column. */
  readonly pads: readonly [number, number];
  /** After the last row and column. */
  readonly ends: readonly [number, number];
  readonly size: readonly [number, number];
  readonly result: readonly [number, number];
}

export type Pair = readonly [number, number];

/** Two numbers out of an attribute for one or two dimensions; the missing first one is `missing`. */
function pair({ node }: NodeContext, list: readonly number[], dimensions: number, missing: number): Pair {
  if (list.length !== dimensions) invalid(node, `[${list.join(", ")}] does not fit ${dimensions} dimensions`);
  return dimensions === 1 ? [missing, elementAt(list, 0)] : [elementAt(list, 0), elementAt(list, 1)];
}

export interface WindowOptions {
  readonly ceil?: boolean;
  readonly kernel: readonly number[];
}

/** The window of a convolution or pooling over `[batch, channels, ...]`. Refuses more than two dimensions. */
export function windowOf(context: NodeContext, shape: readonly number[], options: WindowOptions): Window {
  const { node } = context;
  const space = shape.slice(2);
  const count = space.length;
  if (count !== 1 && count !== 2) return refuse(node, `${count} dimensions of space`);
  const ones = space.map(() => 1);
  const kernel = pair(context, options.kernel, count, 1);
  const strides = pair(context, ints(context, "strides", ones), count, 1);
  const dilations = pair(context, ints(context, "dilations", ones), count, 1);
  const size = pair(context, space, count, 1);
  if ([...kernel, ...strides, ...dilations].some((value) => value < 1))
    invalid(node, "a kernel, stride or dilation is below 1");
  const given = ints(
    context,
    "pads",
    space.flatMap(() => [0, 0]),
  );
  if (given.length !== 2 * count || given.some((pad) => pad < 0)) refuse(node, `pads [${given.join(", ")}]`);
  const auto = text(context, "auto_pad", "NOTSET");
  const extent = (at: 0 | 1) => (kernel[at] - 1) * dilations[at] + 1;
  const sides = ([0, 1] as const).map((at): Pair => {
    if (auto === "VALID") return [0, 0];
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
      const total = Math.max(
        0,
        (Math.ceil(size[at] / strides[at]) - 1) * strides[at] + extent(at) - size[at],
      );
      const less = Math.floor(total / 2);
      return auto === "SAME_UPPER" ? [less, total - less] : [total - less, less];
    }
    if (auto !== "NOTSET") return invalid(node, `auto_pad "${auto}"`);
    const own = at - 2 + count;
    return own < 0 ? [0, 0] : [elementAt(given, own), elementAt(given, own + count)];
  });
  const [vertical, horizontal] = [elementAt(sides, 0), elementAt(sides, 1)];
  const pads: Pair = [vertical[0], horizontal[0]];
  const ends: Pair = [vertical[1], horizontal[1]];
  const steps = (at: 0 | 1): number => {
    const room = size[at] + pads[at] + ends[at] - extent(at);
    if (room < 0)
      return invalid(
        node,
        `a window of ${extent(at)} does not fit ${size[at] + pads[at] + ends[at]} elements`,
      );
    if (options.ceil !== true) return Math.floor(room / strides[at]) + 1;
    const up = Math.ceil(room / strides[at]) + 1;
    return (up - 1) * strides[at] >= size[at] + pads[at] ? up - 1 : up;
  };
  return { kernel, strides, dilations, pads, ends, size, result: [steps(0), steps(1)] };
}

const conv: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const w = required(context, inputs, 1);
  const bias = inputs[2];
  const { builder, node } = context;
  allow(context, x, ["f32", "f16", "bf16"]);
  if (w.shape.length !== x.shape.length || w.dtype !== x.dtype) {
    invalid(node, `[${x.shape.join(", ")}] and weights [${w.shape.join(", ")}] do not fit`);
  }
  const groups = int(context, "group", 1);
  const [n = 0, channels = 0] = x.shape;
  const [filters = 0, depth = 0] = w.shape;
  if (groups < 1 || channels !== depth * groups || filters % groups !== 0) {
    invalid(node, `${channels} channels, ${groups} groups and weights [${w.shape.join(", ")}] do not fit`);
  }
  const kernel = w.shape.slice(2);
  const given = ints(context, "kernel_shape", kernel);
  if (given.join() !== kernel.join())
    invalid(node, `kernel_shape [${given.join(", ")}] and weights [${w.shape.join(", ")}] do not fit`);
  const window = windowOf(context, x.shape, { kernel });
  const space = x.shape.length === 3 ? [window.result[1]] : [...window.result];
  const shape = [n, filters, ...space];
  if (elementCount(shape) === 0 || depth === 0) return refuse(node, "a tensor without elements");
  const result = builder.buffer(x.dtype, elementCount(shape));
  const k = depth * window.kernel[0] * window.kernel[1];
  const m = filters / groups;
  const pixels = window.result[0] * window.result[1];
  const weights = builder.dense(w);
  const source = builder.dense(x);
  const isPoint =
    k === depth &&
    window.strides.every((each) => each === 1) &&
    [...window.pads, ...window.ends].every((each) => each === 0);
  const common = {
    a: { kind: "matrix", buffer: weights, offset: 0, row: k, column: 1, batch: [0, m * k] },
    m,
    n: pixels,
    k,
    batch: [n, groups],
    result,
    label: `convolution ${channels}x${window.size.join("x")} to ${filters}x${window.result.join("x")} by ${window.kernel.join("x")}`,
  } as const;
  const point: Matrix = {
    kind: "matrix",
    buffer: source,
    offset: 0,
    row: pixels,
    column: 1,
    batch: [channels * pixels, depth * pixels],
  };
  const windows: Convolution = {
    ...common,
    b: { kind: "windows", buffer: source, groups, channels: depth, ...window },
  };
  const pending = isPoint
    ? productStep(builder, { ...common, b: point }, builder.operator)
    : builder.traits.long && isDenseConvolution(windows)
      ? planesStep(builder, windows, builder.operator)
      : productStep(builder, windows, builder.operator);
  builder.wait(result, pending);
  const sums = builder.leaf(result, shape);
  if (bias === undefined) return sums;
  return builder.apply("add", x.dtype, sums, builder.reshape(bias, [filters, ...space.map(() => 1)]));
};

/** Each element of the result gathers what reaches it. */
const convTranspose: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const w = required(context, inputs, 1);
  const { builder, node } = context;
  allow(context, x, floats);
  const count = x.shape.length - 2;
  if ((count !== 1 && count !== 2) || w.shape.length !== x.shape.length)
    refuse(node, `${count} dimensions of space`);
  const groups = int(context, "group", 1);
  const [n = 0, channels = 0] = x.shape;
  const depth = elementAt(w.shape, 1);
  if (elementAt(w.shape, 0) !== channels || groups < 1 || channels % groups !== 0) {
    invalid(node, `[${x.shape.join(", ")}] and weights [${w.shape.join(", ")}] do not fit`);
  }
  const ones = Array.from({ length: count }, () => 1);
  const zeros = ones.map(() => 0);
  const kernel = pair(context, w.shape.slice(2), count, 1);
  const strides = pair(context, ints(context, "strides", ones), count, 1);
  const dilations = pair(context, ints(context, "dilations", ones), count, 1);
  const extra = pair(context, ints(context, "output_padding", zeros), count, 0);
  const size = pair(context, x.shape.slice(2), count, 1);
  const full = (at: 0 | 1) => strides[at] * (size[at] - 1) + extra[at] + (kernel[at] - 1) * dilations[at] + 1;
  const auto = text(context, "auto_pad", "NOTSET");
  const wanted = ints(context, "output_shape", undefined)?.slice(-count);
  const given = ints(context, "pads", [...zeros, ...zeros]);
  const ends = ([0, 1] as const).map((at): { readonly pad: number; readonly size: number } => {
    const own = at - 2 + count;
    if (own < 0) return { pad: 0, size: 1 };
    const target = wanted?.[own] ?? (auto.startsWith("SAME") ? size[at] * strides[at] : undefined);
    if (target === undefined) {
      const [first, last] =
        auto === "VALID" ? [0, 0] : [elementAt(given, own), elementAt(given, own + count)];
      return { pad: first, size: full(at) - first - last };
    }
    const total = Math.max(0, full(at) - target);
    return {
      pad: auto === "SAME_UPPER" ? Math.floor(total / 2) : total - Math.floor(total / 2),
      size: target,
    };
  });
  const result: Pair = [elementAt(ends, 0).size, elementAt(ends, 1).size];
  const filters = depth * groups;
  const shape = [n, filters, ...(count === 1 ? [result[1]] : result)];
  if (elementCount(shape) === 0) return refuse(node, "a tensor without elements");
  const out = builder.buffer(x.dtype, elementCount(shape));
  const type = storageOf(x.dtype);
  cellStep(builder, {
    label: `transposed convolution to ${filters}x${result.join("x")}`,
    inputs: { source: builder.dense(x), weights: builder.dense(w) },
    outputs: { result: out },
    sizes: {
      ...{
        channels: channels / groups,
        depth,
        groups,
        height: size[0],
        width: size[1],
        kernel_y: kernel[0],
        kernel_x: kernel[1],
      },
      ...{ rows: result[0], columns: result[1], stride_y: strides[0], stride_x: strides[1] },
      ...{
        dilation_y: dilations[0],
        dilation_x: dilations[1],
        pad_y: elementAt(ends, 0).pad,
        pad_x: elementAt(ends, 1).pad,
      },
    },
    text: `fn cell(i: u32) {
  let x = i % p.columns + p.pad_x;
  let y = (i / p.columns) % p.rows + p.pad_y;
  let plane = i / p.columns / p.rows;
  let filter_ = plane % p.depth;
  let part = (plane / p.depth) % p.groups;
  let item = plane / p.depth / p.groups;
  var sum = ${type}(0);
  for (var ky = 0u; ky < p.kernel_y; ky++) {
    let from_y = y - ky * p.dilation_y;
    if (y < ky * p.dilation_y || from_y % p.stride_y != 0u || from_y / p.stride_y >= p.height) {
      continue;
    }
    for (var kx = 0u; kx < p.kernel_x; kx++) {
      let from_x = x - kx * p.dilation_x;
      if (x < kx * p.dilation_x || from_x % p.stride_x != 0u || from_x / p.stride_x >= p.width) {
        continue;
      }
      for (var c = 0u; c < p.channels; c++) {
        let channel = part * p.channels + c;
        let value = source[((item * p.groups * p.channels + channel) * p.height + from_y / p.stride_y) * p.width + from_x / p.stride_x];
        sum += value * weights[((channel * p.depth + filter_) * p.kernel_y + ky) * p.kernel_x + kx];
      }
    }
  }
  result[i] = sum;
}
`,
    count: elementCount(shape),
    work: (channels / groups) * kernel[0] * kernel[1],
  });
  const sums: Value = builder.leaf(out, shape);
  const bias = inputs[2];
  if (bias === undefined) return sums;
  return builder.apply("add", x.dtype, sums, builder.reshape(bias, [filters, ...ones]));
};

export const convolutions: Readonly<Record<string, Lower>> = { Conv: conv, ConvTranspose: convTranspose };

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
} from "../context.ts";
import { type DType, isFloat, storageOf } from "../types.ts";
import { type Window, windowOf } from "./convolution.ts";
import { helpersOf } from "./elementwise.ts";
import { largestInLine, pooledByLines } from "./pooling-lines.ts";
import { nanTest, reduced } from "./reduction.ts";

interface Pool {
  readonly label: string;
  /** Declarations before the walk over a window. */
  readonly start: (type: string) => string;
  /** Takes `value`, at `y` and `x` of its plane. */
  readonly step: (nan: (value: string) => string) => string;
  /** Writes the results of window `i`. */
  readonly finish: (type: string) => string;
}

function pooled(
  context: NodeContext,
  x: Value,
  window: Window,
  pool: Pool,
  sizes: Readonly<Record<string, number>>,
  second?: DType,
): Value[] {
  const { builder } = context;
  const { kernel, strides, dilations, pads, ends, size, result } = window;
  const planes = elementCount(x.shape.slice(0, 2));
  const shape = [...x.shape.slice(0, 2), ...(x.shape.length === 3 ? [result[1]] : result)];
  const out = builder.buffer(x.dtype, elementCount(shape));
  const more = second === undefined ? undefined : builder.buffer(second, elementCount(shape));
  const type = storageOf(x.dtype);
  cellStep(builder, {
    label: `${pool.label} ${size.join("x")} to ${result.join("x")} by ${kernel.join("x")}`,
    inputs: { source: builder.dense(x) },
    outputs: more === undefined ? { result: out } : { result: out, indices: more },
    sizes: {
      ...{ height: size[0], width: size[1], kernel_y: kernel[0], kernel_x: kernel[1] },
      ...{ rows: result[0], columns: result[1], stride_y: strides[0], stride_x: strides[1] },
      ...{ dilation_y: dilations[0], dilation_x: dilations[1], pad_y: pads[0], pad_x: pads[1] },
      ...{ end_y: ends[0], end_x: ends[1] },
      ...sizes,
    },
    text: `fn cell(i: u32) {
  let first_x = (i % p.columns) * p.stride_x;
  let first_y = ((i / p.columns) % p.rows) * p.stride_y;
  let plane = i / p.columns / p.rows;
${pool.start(type)}
  for (var ky = 0u; ky < p.kernel_y; ky++) {
    let y = first_y + ky * p.dilation_y - p.pad_y;
    for (var kx = 0u; kx < p.kernel_x; kx++) {
      let x = first_x + kx * p.dilation_x - p.pad_x;
      if (y < p.height && x < p.width) {
        let value = source[(plane * p.height + y) * p.width + x];
        ${pool.step(nanTest(type))}
      }
    }
  }
${pool.finish(type)}
}
`,
    count: planes * result[0] * result[1],
    work: kernel[0] * kernel[1] * 2,
  });
  const values = [builder.leaf(out, shape)];
  return more === undefined ? values : [...values, builder.leaf(more, shape)];
}

const byLines = ({ builder }: NodeContext, { dtype }: Value) =>
  builder.traits.long && storageOf(dtype) === "f32";

const kernelOf = (context: NodeContext) =>
  ints(context, "kernel_shape", undefined) ?? invalid(context.node, "it has no kernel_shape");

const maxPool: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, [...floats, "i8", "u8"]);
  const window = windowOf(context, x.shape, {
    kernel: kernelOf(context),
    ceil: int(context, "ceil_mode", 0) !== 0,
  });
  if (elementCount(x.shape) === 0) refuse(context.node, "a tensor without elements");
  const columnMajor = int(context, "storage_order", 0) !== 0;
  const wantsIndices = (context.node.outputs[1] ?? "") !== "";
  if (!wantsIndices && byLines(context, x)) return pooledByLines(context.builder, x, window, largestInLine);
  const place = columnMajor ? "x * p.height + y" : "y * p.width + x";
  const pool: Pool = {
    label: "largest",
    start: (type) => `  var best = ${lowest(x.dtype, type)};\n  var found = 0u;\n  var any = false;`,
    step: (nan) => `if (!any || value > best${isFloat(x.dtype) ? ` || ${nan("value")}` : ""}) {
          best = value;
          found = plane * p.height * p.width + ${place};
          any = true;
        }`,
    finish: () => `  result[i] = best;${wantsIndices ? "\n  indices[i] = i64(found);" : ""}`,
  };
  return pooled(context, x, window, pool, {}, wantsIndices ? "i64" : undefined);
};

function lowest(dtype: DType, type: string): string {
  return isFloat(dtype) ? `${type}(-3.4028234e38)` : dtype === "u8" ? "0u" : "-128i";
}

const averagePool: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const window = windowOf(context, x.shape, {
    kernel: kernelOf(context),
    ceil: int(context, "ceil_mode", 0) !== 0,
  });
  if (elementCount(x.shape) === 0) refuse(context.node, "a tensor without elements");
  const all = int(context, "count_include_pad", 0) !== 0;
  if (byLines(context, x)) {
    const mean = all ? "padded" : "inside";
    return pooledByLines(context.builder, x, window, {
      label: "average",
      start: 0,
      combine: "old + value",
      mean,
    });
  }
  const inPadding = (axis: "y" | "x", size: string, kernel: string) => `  var in_${axis} = 0u;
  for (var k = 0u; k < p.${kernel}; k++) {
    if (first_${axis} + k * p.dilation_${axis} < p.${size} + p.pad_${axis} + p.end_${axis}) {
      in_${axis}++;
    }
  }`;
  const pool: Pool = {
    label: "average",
    start: (type) => `  var sum = ${type}(0);\n  var count = 0u;`,
    step: () => "sum += value;\n        count++;",
    finish: (type) =>
      all
        ? `${inPadding("y", "height", "kernel_y")}\n${inPadding("x", "width", "kernel_x")}\n  result[i] = sum / ${type}(in_y * in_x);`
        : `  result[i] = sum / ${type}(max(count, 1u));`,
  };
  return pooled(context, x, window, pool, {});
};

const lpPool: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, ["f32"]);
  const order = int(context, "p", 2);
  if (order !== 1 && order !== 2) refuse(context.node, `p ${order}`);
  const window = windowOf(context, x.shape, {
    kernel: kernelOf(context),
    ceil: int(context, "ceil_mode", 0) !== 0,
  });
  const pool: Pool = {
    label: "norm",
    start: () => "  var sum = 0.0;",
    step: () => (order === 1 ? "sum += abs(value);" : "sum += value * value;"),
    finish: () => `  result[i] = ${order === 1 ? "sum" : "sqrt(sum)"};`,
  };
  return pooled(context, x, window, pool, {});
};

const global =
  (kind: "mean" | "max" | "norm"): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, floats);
    const { builder } = context;
    const axes = x.shape.map((_, at) => at).slice(2);
    const count = elementCount(x.shape.slice(2));
    if (axes.length === 0 || elementCount(x.shape) === 0)
      refuse(context.node, `a tensor of shape [${x.shape.join(", ")}]`);
    const { num, op } = helpersOf(context, x.dtype);
    const shape = x.shape.map((size, at) => (at < 2 ? size : 1));
    const order = int(context, "p", 2);
    if (kind === "norm" && order !== 1 && order !== 2) refuse(context.node, `p ${order}`);
    const prepared = kind === "norm" ? op(order === 1 ? "abs" : "square", x) : x;
    const total = builder.reshape(reduced(builder, kind === "max" ? "max" : "sum", prepared, axes), shape);
    if (kind === "mean") return op("div", total, num(count));
    return kind === "norm" && order === 2 ? op("sqrt", total) : total;
  };

export const pooling: Readonly<Record<string, Lower>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: global("mean"),
  GlobalMaxPool: global("max"),
  GlobalLpPool: global("norm"),
};

import { elementCount } from "../../../core/shape.ts";
import type { Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import {
  allow,
  axisOf,
  int,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
  text,
} from "../context.ts";
import { type DType, elementAt } from "../types.ts";
import { denseStrides } from "../views.ts";
import { address, checked, coordinates, indexTypes, wrapped, wrapText } from "./indexing.ts";

const updates: Readonly<Record<string, (old: string, value: string) => string>> = {
  none: (_, value) => value,
  add: (old, value) => `${old} + ${value}`,
  mul: (old, value) => `${old} * ${value}`,
  max: (old, value) => `max(${old}, ${value})`,
  min: (old, value) => `min(${old}, ${value})`,
};

const plainTypes: readonly DType[] = ["f32", "f64", "f16", "bf16", "i32", "i64", "u32", "u64"];

function updateOf(context: NodeContext, x: Value): (old: string, value: string) => string {
  const kind = text(context, "reduction", "none");
  const update = updates[kind];
  if (update === undefined) return invalid(context.node, `reduction "${kind}"`);
  if (kind !== "none") allow(context, x, plainTypes);
  return update;
}

/** Each place of the result looks for its updates, in order, so that repeated indices add up the same way always. */
const scatterElements: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const indices = required(context, inputs, 1);
  const given = required(context, inputs, 2);
  allow(context, indices, indexTypes);
  const { builder } = context;
  const axis = axisOf(context, int(context, "axis", 0), x.shape.length);
  const { shape } = indices;
  if (shape.length !== x.shape.length || given.dtype !== x.dtype)
    invalid(context.node, "data, indices and updates do not fit");
  checked(context, indices, [elementAt(x.shape, axis)]);
  const update = updateOf(context, x);
  if (elementCount(x.shape) === 0 || elementCount(shape) === 0) return x;
  const result = builder.buffer(x.dtype, elementCount(x.shape));
  const sizes: Record<string, number> = { size: elementAt(x.shape, axis), many: elementAt(shape, axis) };
  const places = coordinates(x.shape, sizes);
  const from = address(shape, "s", sizes, { [axis]: "j" });
  shape.forEach((size, at) => {
    sizes[`n${at}`] = size;
  });
  const inside = shape.flatMap((_, at) => (at === axis ? [] : [`c${at} < p.n${at}`])).join(" && ") || "true";
  cellStep(builder, {
    label: "scatter elements",
    inputs: { source: builder.dense(x), indices: builder.dense(indices), updates: builder.dense(given) },
    outputs: { result },
    sizes,
    text: `${wrapText(indices.dtype)}fn cell(i: u32) {
${places}
  var value = source[i];
  if (${inside}) {
    for (var j = 0u; j < p.many; j++) {
      let at = ${from};
      if (${wrapped("indices[at]", "p.size")} == c${axis}) {
        value = ${update("value", "updates[at]")};
      }
    }
  }
  result[i] = value;
}
`,
    count: elementCount(x.shape),
    work: 4 * elementAt(shape, axis) + 4,
  });
  return builder.leaf(result, x.shape);
};

const mostSearched = 4096;

const scatterNd: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const indices = required(context, inputs, 1);
  const given = required(context, inputs, 2);
  allow(context, indices, indexTypes);
  const { builder } = context;
  const depth = elementAt(indices.shape, indices.shape.length - 1);
  const own = x.shape.slice(0, depth);
  const many = elementCount(indices.shape.slice(0, -1));
  if (own.length !== depth || given.dtype !== x.dtype)
    invalid(context.node, "data, indices and updates do not fit");
  checked(context, indices, own.length === 0 ? [1] : own);
  if (many > mostSearched) refuse(context.node, `${many} updates`);
  const update = updateOf(context, x);
  if (elementCount(x.shape) === 0 || many === 0) return x;
  const result = builder.buffer(x.dtype, elementCount(x.shape));
  const strides = denseStrides(own);
  const sizes: Record<string, number> = { inner: elementCount(x.shape.slice(depth)), depth, many };
  const terms = own.map((size, at) => {
    sizes[`size${at}`] = size;
    sizes[`s${at}`] = elementAt(strides, at);
    return `    at += ${wrapped(`indices[j * p.depth + ${at}u]`, `p.size${at}`)} * p.s${at};`;
  });
  cellStep(builder, {
    label: "scatter places",
    inputs: { source: builder.dense(x), indices: builder.dense(indices), updates: builder.dense(given) },
    outputs: { result },
    sizes,
    text: `${wrapText(indices.dtype)}fn cell(i: u32) {
  let place = i / p.inner;
  var value = source[i];
  for (var j = 0u; j < p.many; j++) {
    var at = 0u;
${terms.join("\n")}
    if (at == place) {
      value = ${update("value", "updates[j * p.inner + i % p.inner]")};
    }
  }
  result[i] = value;
}
`,
    count: elementCount(x.shape),
    work: 4 * many,
  });
  return builder.leaf(result, x.shape);
};

export const scattering: Readonly<Record<string, Lower>> = {
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  ScatterND: scatterNd,
};

import { elementCount } from "../../../core/shape.ts";
import type { Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import {
  allow,
  axisOf,
  int,
  integersOf,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
} from "../context.ts";
import { type DType, elementAt, hostOf, isDType, numbersOf, storageOf } from "../types.ts";
import { denseStrides } from "../views.ts";
import { concatenate, sliceOf } from "./shape.ts";

export const indexTypes: readonly DType[] = ["i32", "i64"];
const fewIndices = 8;

/** `index` as WGSL's u32, counted from the end where negative, and kept inside. */
export const wrapped = (index: string, size: string) => `wrap(${index}, ${size})`;
export const wrapText = (dtype: DType) => `fn wrap(index: ${storageOf(dtype)}, size: u32) -> u32 {
  let from_end = select(index, index + ${storageOf(dtype)}(size), index < ${storageOf(dtype)}(0));
  return min(u32(max(from_end, ${storageOf(dtype)}(0))), size - 1u);
}
`;

/** Indices that are known while planning are checked; those from the device are kept inside the tensor. */
export function checked(
  context: NodeContext,
  indices: Value,
  sizes: readonly number[],
): readonly number[] | undefined {
  if (indices.host === undefined) return undefined;
  const list = numbersOf(indices.host);
  list.forEach((index, at) => {
    const size = elementAt(sizes, at % sizes.length);
    if (index < -size || index >= size) invalid(context.node, `index ${index} is outside ${size} elements`);
  });
  return list;
}

const gather: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const indices = required(context, inputs, 1);
  allow(context, indices, indexTypes);
  const { builder } = context;
  const axis = axisOf(context, int(context, "axis", 0), x.shape.length);
  const size = elementAt(x.shape, axis);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const known = checked(context, indices, [size]);
  if (known !== undefined && known.length > 0 && known.length <= fewIndices) {
    const parts = known.map((index) => sliceOf(builder, x, axis, index < 0 ? index + size : index, 1));
    return builder.reshape(concatenate(builder, parts, axis), shape);
  }
  if (elementCount(shape) === 0) return builder.scalar(x.dtype, 0, shape);
  if (size === 0) return invalid(context.node, "there is nothing to take from");
  const result = builder.buffer(x.dtype, elementCount(shape));
  cellStep(builder, {
    label: `gather from ${size}`,
    inputs: { source: builder.dense(x), indices: builder.dense(indices) },
    outputs: { result },
    sizes: { size, inner: elementCount(x.shape.slice(axis + 1)), many: elementCount(indices.shape) },
    text: `${wrapText(indices.dtype)}fn cell(i: u32) {
  let at = i % p.inner;
  let index = (i / p.inner) % p.many;
  let outer = i / p.inner / p.many;
  result[i] = source[(outer * p.size + ${wrapped("indices[index]", "p.size")}) * p.inner + at];
}
`,
    count: elementCount(shape),
    work: 4,
  });
  return builder.leaf(result, shape);
};

/** Coordinates `c0`, `c1`, ... of index `i` in a shape. */
export function coordinates(shape: readonly number[], sizes: Record<string, number>): string {
  const lines = ["  var rest = i;"];
  for (let at = shape.length - 1; at >= 0; at--) {
    sizes[`d${at}`] = elementAt(shape, at);
    lines.push(`  let c${at} = rest % p.d${at};`, `  rest = rest / p.d${at};`);
  }
  return lines.join("\n");
}

/** Where the element at coordinates lies; `replace` stands for one of them. */
export function address(
  shape: readonly number[],
  prefix: string,
  sizes: Record<string, number>,
  replace: Readonly<Record<number, string>> = {},
): string {
  const strides = denseStrides(shape);
  const terms = shape.map((_, at) => {
    sizes[`${prefix}${at}`] = elementAt(strides, at);
    return `${replace[at] ?? `c${at}`} * p.${prefix}${at}`;
  });
  return terms.join(" + ") || "0u";
}

const gatherElements: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const indices = required(context, inputs, 1);
  allow(context, indices, indexTypes);
  const { builder } = context;
  const { shape } = indices;
  if (shape.length !== x.shape.length)
    invalid(context.node, "indices and data have different numbers of dimensions");
  const axis = axisOf(context, int(context, "axis", 0), x.shape.length);
  checked(context, indices, [elementAt(x.shape, axis)]);
  if (elementCount(shape) === 0) return builder.scalar(x.dtype, 0, shape);
  const result = builder.buffer(x.dtype, elementCount(shape));
  const sizes: Record<string, number> = { size: elementAt(x.shape, axis) };
  const places = coordinates(shape, sizes);
  const from = address(x.shape, "s", sizes, { [axis]: "found" });
  cellStep(builder, {
    label: "gather elements",
    inputs: { source: builder.dense(x), indices: builder.dense(indices) },
    outputs: { result },
    sizes,
    text: `${wrapText(indices.dtype)}fn cell(i: u32) {
${places}
  let found = ${wrapped("indices[i]", "p.size")};
  result[i] = source[${from}];
}
`,
    count: elementCount(shape),
    work: 4 * shape.length,
  });
  return builder.leaf(result, shape);
};

const gatherNd: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const indices = required(context, inputs, 1);
  allow(context, indices, indexTypes);
  const { builder } = context;
  const batch = int(context, "batch_dims", 0);
  const depth = elementAt(indices.shape, indices.shape.length - 1);
  const own = x.shape.slice(batch, batch + depth);
  const rest = x.shape.slice(batch + depth);
  const shape = [...indices.shape.slice(0, -1), ...rest];
  if (own.length !== depth)
    invalid(context.node, `${depth} indices for ${x.shape.length - batch} dimensions`);
  checked(context, indices, own.length === 0 ? [1] : own);
  if (elementCount(shape) === 0) return builder.scalar(x.dtype, 0, shape);
  const result = builder.buffer(x.dtype, elementCount(shape));
  const perBatch = elementCount(indices.shape.slice(batch, -1));
  const strides = denseStrides(own);
  const sizes: Record<string, number> = {
    inner: elementCount(rest),
    depth,
    many: perBatch,
    whole: elementCount(own),
  };
  const terms = own.map((size, at) => {
    sizes[`size${at}`] = size;
    sizes[`s${at}`] = elementAt(strides, at);
    return `  at += ${wrapped(`indices[tuple * p.depth + ${at}u]`, `p.size${at}`)} * p.s${at};`;
  });
  cellStep(builder, {
    label: "gather places",
    inputs: { source: builder.dense(x), indices: builder.dense(indices) },
    outputs: { result },
    sizes,
    text: `${wrapText(indices.dtype)}fn cell(i: u32) {
  let tuple = i / p.inner;
  var at = (tuple / p.many) * p.whole;
${terms.join("\n")}
  result[i] = source[at * p.inner + i % p.inner];
}
`,
    count: elementCount(shape),
    work: 4 * depth + 4,
  });
  return builder.leaf(result, shape);
};

const oneHot: Lower = (context, inputs) => {
  const { builder } = context;
  const indices = required(context, inputs, 0);
  const depth = integersOf(context, required(context, inputs, 1), "depth")[0] ?? 0;
  const values = required(context, inputs, 2);
  const rank = indices.shape.length + 1;
  const axis = axisOf(context, int(context, "axis", -1), rank);
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
  const spread = builder.reshape(indices, [...indices.shape.slice(0, axis), 1, ...indices.shape.slice(axis)]);
  const { dtype } = indices;
  allow(context, indices, ["f32", "i32", "i64", "u32"]);
  const size = builder.scalar(dtype, depth);
  const place = builder.cast(
    builder.position(
      shape,
      shape.map((_, at) => (at === axis ? 1 : 0)),
    ),
    dtype,
  );
  const negative = builder.apply("less", "bool", spread, builder.scalar(dtype, 0));
  const counted = builder.apply("where", dtype, negative, builder.apply("add", dtype, spread, size), spread);
  const hit = builder.apply("equal", "bool", counted, place);
  const part = (at: number) => builder.reshape(sliceOf(builder, values, 0, at, 1), []);
  return builder.apply("where", values.dtype, hit, part(1), part(0));
};

const constant: Lower = (context) => {
  const { node, builder } = context;
  const [name, attribute] = [...node.attributes][0] ?? ["", undefined];
  switch (attribute?.kind) {
    case "tensor": {
      const { dtype, shape } = attribute.value;
      if (!isDType(dtype)) return refuse(node, `element type ${dtype}`);
      return builder.given(`constant ${node.outputs[0]}`, attribute.value, dtype, shape);
    }
    case "float":
      return builder.known(hostOf("f32", [], [attribute.value]));
    case "int":
      return builder.known(hostOf("i64", [], [attribute.value]));
    case "floats":
      return builder.known(hostOf("f32", [attribute.value.length], Array.from(attribute.value)));
    case "ints":
      return builder.known(hostOf("i64", [attribute.value.length], Array.from(attribute.value)));
    default:
      return refuse(node, `attribute "${name}"`);
  }
};

export const indexing: Readonly<Record<string, Lower>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  OneHot: oneHot,
  Constant: constant,
};

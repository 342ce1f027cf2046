import { elementCount } from "../../../core/shape.ts";
import type { PlanBuilder, Value } from "../builder.ts";
import { broadcast } from "../builder.ts";
import {
  axesOf,
  axisOf,
  dtypeAttribute,
  elementsOf,
  int,
  integersAt,
  integersOf,
  ints,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
  text,
} from "../context.ts";
import { elementAt, hostOf } from "../types.ts";
import { denseStrides } from "../views.ts";

const reshape: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const wanted = integersAt(context, inputs, 1, "shape") ?? invalid(context.node, "it has no shape");
  const keepsZero = int(context, "allowzero", 0) !== 0;
  const shape = wanted.map((size, at) => (size === 0 && !keepsZero ? (x.shape[at] ?? -2) : size));
  const open = shape.indexOf(-1);
  const rest = shape.reduce((count, size, at) => (at === open ? count : count * size), 1);
  const count = elementCount(x.shape);
  if (open >= 0) shape[open] = rest === 0 ? 0 : count / rest;
  if (!shape.every((size) => Number.isInteger(size) && size >= 0) || elementCount(shape) !== count) {
    invalid(context.node, `[${x.shape.join(", ")}] cannot become [${wanted.join(", ")}]`);
  }
  return context.builder.reshape(x, shape);
};

const flatten: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const axis = int(context, "axis", 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (at < 0 || at > x.shape.length)
    invalid(context.node, `axis ${axis} is outside a tensor of ${x.shape.length} dimensions`);
  return context.builder.reshape(x, [elementCount(x.shape.slice(0, at)), elementCount(x.shape.slice(at))]);
};

const squeeze: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const given = integersAt(context, inputs, 1, "axes");
  const axes = given === undefined ? undefined : axesOf(context, given, x.shape.length);
  for (const axis of axes ?? []) {
    if (x.shape[axis] !== 1) invalid(context.node, `dimension ${axis} of [${x.shape.join(", ")}] is not 1`);
  }
  const shape = x.shape.filter((size, at) => (axes === undefined ? size !== 1 : !axes.includes(at)));
  return context.builder.reshape(x, shape);
};

const unsqueeze: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const given = integersAt(context, inputs, 1, "axes") ?? invalid(context.node, "it has no axes");
  const axes = axesOf(context, given, x.shape.length + given.length);
  const rest = [...x.shape];
  const shape = Array.from({ length: x.shape.length + axes.length }, (_, at) =>
    axes.includes(at) ? 1 : (rest.shift() ?? 1),
  );
  return context.builder.reshape(x, shape);
};

const transpose: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const order = ints(context, "perm", undefined) ?? x.shape.map((_, at) => x.shape.length - 1 - at);
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== x.shape.length || sorted.some((axis, at) => axis !== at)) {
    invalid(context.node, `perm [${order.join(", ")}] does not order ${x.shape.length} dimensions`);
  }
  return context.builder.transpose(x, order);
};

const expand: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const shape = integersOf(context, required(context, inputs, 1), "shape");
  return context.builder.expand(x, broadcast([x.shape, shape]));
};

const tile: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const repeats = integersOf(context, required(context, inputs, 1), "repeats");
  if (repeats.length !== x.shape.length || repeats.some((times) => times < 0)) {
    invalid(context.node, `repeats [${repeats.join(", ")}] do not fit [${x.shape.join(", ")}]`);
  }
  const { builder } = context;
  const apart = builder.reshape(
    x,
    x.shape.flatMap((size) => [1, size]),
  );
  const repeated = builder.expand(
    apart,
    x.shape.flatMap((size, at) => [elementAt(repeats, at), size]),
  );
  return builder.reshape(
    repeated,
    x.shape.map((size, at) => size * elementAt(repeats, at)),
  );
};

/** Several tensors one after the other along an axis. */
export function concatenate(builder: PlanBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined || values.length === 1) return first ?? builder.scalar("f32", 0, [0]);
  const shape = first.shape.map((size, at) =>
    at === axis ? values.reduce((sum, value) => sum + elementAt(value.shape, axis), 0) : size,
  );
  const result = builder.buffer(first.dtype, elementCount(shape));
  const strides = denseStrides(shape);
  let start = 0;
  for (const value of values) {
    if (elementCount(value.shape) > 0) {
      builder.write(value, result, { strides, offset: start * elementAt(strides, axis) });
    }
    start += elementAt(value.shape, axis);
  }
  return builder.leaf(result, shape);
}

const concat: Lower = (context, inputs) => {
  const values = inputs.map((_, at) => required(context, inputs, at));
  const first = required(context, inputs, 0);
  const axis = axisOf(context, int(context, "axis", context.opset < 4 ? 1 : 0), first.shape.length);
  for (const { shape, dtype } of values) {
    const fits =
      shape.length === first.shape.length &&
      shape.every((size, at) => at === axis || size === first.shape[at]);
    if (!fits || dtype !== first.dtype) {
      invalid(
        context.node,
        `[${first.shape.join(", ")}] and [${shape.join(", ")}] cannot be joined along dimension ${axis}`,
      );
    }
  }
  return concatenate(context.builder, values, axis);
};

export function sliceOf(builder: PlanBuilder, x: Value, axis: number, start: number, size: number): Value {
  const starts = x.shape.map((_, at) => (at === axis ? start : 0));
  const shape = x.shape.map((each, at) => (at === axis ? size : each));
  return builder.slice(
    x,
    starts,
    x.shape.map(() => 1),
    shape,
  );
}

const split: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const axis = axisOf(context, int(context, "axis", 0), x.shape.length);
  const size = elementAt(x.shape, axis);
  const parts = int(context, "num_outputs", undefined) ?? context.node.outputs.length;
  const even = Math.ceil(size / parts);
  const sizes =
    integersAt(context, inputs, 1, "split") ??
    Array.from({ length: parts }, (_, at) => Math.max(0, Math.min(even, size - at * even)));
  if (sizes.reduce((sum, each) => sum + each, 0) !== size || sizes.some((each) => each < 0)) {
    invalid(context.node, `parts of ${sizes.join(", ")} are not the ${size} of dimension ${axis}`);
  }
  let start = 0;
  return sizes.map((each) => {
    const part = sliceOf(context.builder, x, axis, start, each);
    start += each;
    return part;
  });
};

/** Where a slice starts and how many elements it has, as ONNX clamps them. */
export function sliceRange(
  size: number,
  start: number,
  end: number,
  step: number,
): { start: number; count: number } {
  const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));
  const from = clamp(start < 0 ? start + size : start, 0, step < 0 ? size - 1 : size);
  const to = clamp(end < 0 ? end + size : end, step < 0 ? -1 : 0, size);
  return { start: Math.max(0, from), count: Math.max(0, Math.ceil((to - from) / step)) };
}

const slice: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const starts = integersAt(context, inputs, 1, "starts") ?? invalid(context.node, "it has no starts");
  const ends = integersAt(context, inputs, 2, "ends") ?? invalid(context.node, "it has no ends");
  const rank = x.shape.length;
  const axes = (integersAt(context, inputs, 3, "axes") ?? starts.map((_, at) => at)).map((axis) =>
    axisOf(context, axis, rank),
  );
  const steps = integersAt(context, inputs, 4, "steps") ?? starts.map(() => 1);
  if (steps.includes(0)) invalid(context.node, "a step is 0");
  const from = x.shape.map(() => 0);
  const by = x.shape.map(() => 1);
  const shape = [...x.shape];
  axes.forEach((axis, at) => {
    const step = elementAt(steps, at);
    const range = sliceRange(elementAt(x.shape, axis), elementAt(starts, at), elementAt(ends, at), step);
    from[axis] = range.start;
    by[axis] = step;
    shape[axis] = range.count;
  });
  return context.builder.slice(x, from, by, shape);
};

const shapeOf: Lower = (context, inputs) => {
  const { shape } = required(context, inputs, 0);
  const rank = shape.length;
  const counted = (axis: number) => Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  const part = shape.slice(counted(int(context, "start", 0)), counted(int(context, "end", rank)));
  return context.builder.known(hostOf("i64", [part.length], part));
};

const size: Lower = (context, inputs) =>
  context.builder.known(hostOf("i64", [], [elementCount(required(context, inputs, 0).shape)]));

/** Blocks of pixels to channels and back: a transpose of more dimensions. */
const depthToSpace: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const block = int(context, "blocksize", 1);
  const [n, c, h, w] = imageShape(context, x);
  if (c % (block * block) !== 0) invalid(context.node, `${c} channels are no multiple of ${block * block}`);
  const depth = c / (block * block);
  const { builder } = context;
  const first = text(context, "mode", "DCR") === "DCR";
  const apart = builder.reshape(x, first ? [n, block, block, depth, h, w] : [n, depth, block, block, h, w]);
  const ordered = builder.transpose(apart, first ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]);
  return builder.reshape(ordered, [n, depth, h * block, w * block]);
};

const spaceToDepth: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const block = int(context, "blocksize", 1);
  const [n, c, h, w] = imageShape(context, x);
  if (h % block !== 0 || w % block !== 0)
    invalid(context.node, `${h} by ${w} pixels are no multiple of ${block}`);
  const { builder } = context;
  const apart = builder.reshape(x, [n, c, h / block, block, w / block, block]);
  const mode = text(context, "mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") refuse(context.node, `mode "${mode}"`);
  const ordered = builder.transpose(apart, mode === "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]);
  return builder.reshape(ordered, [n, c * block * block, h / block, w / block]);
};

function imageShape({ node }: NodeContext, { shape }: Value): readonly [number, number, number, number] {
  const [n, c, h, w] = shape;
  if (n === undefined || c === undefined || h === undefined || w === undefined || shape.length !== 4) {
    return refuse(node, `a tensor of ${shape.length} dimensions`);
  }
  return [n, c, h, w];
}

const identity: Lower = (context, inputs) => required(context, inputs, 0);

/** Inference: nothing is dropped. */
const dropout: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const training = inputs[2];
  if (training !== undefined && integersOf(context, training, "training mode")[0] !== 0) {
    refuse(context.node, "training mode");
  }
  return [x, context.builder.scalar(context.opset < 10 ? x.dtype : "bool", 1, x.shape)];
};

const constantOfShape: Lower = (context, inputs) => {
  const shape = integersOf(context, required(context, inputs, 0), "shape");
  const attribute = context.node.attributes.get("value");
  if (attribute === undefined) return context.builder.scalar("f32", 0, shape);
  if (attribute.kind !== "tensor") return invalid(context.node, "its value is no tensor");
  const { dtype, data } = attribute.value;
  const first = data[0];
  if (dtype === "string" || dtype === "unsupported" || first === undefined || typeof first === "string") {
    return refuse(context.node, `element type ${dtype}`);
  }
  if (dtype === "f16" || dtype === "bf16") return refuse(context.node, `element type ${dtype}`);
  return context.builder.scalar(dtype, first, shape);
};

const range: Lower = (context, inputs) => {
  const { builder } = context;
  const [start, limit, delta] = ["start", "limit", "delta"].map((name, at) => {
    const found = elementsOf(context, required(context, inputs, at), name).data[0];
    return found ?? invalid(context.node, `its ${name} is empty`);
  });
  if (start === undefined || limit === undefined || delta === undefined || Number(delta) === 0) {
    return invalid(context.node, "its delta is 0");
  }
  const { dtype } = required(context, inputs, 0);
  const count = Math.max(0, Math.ceil((Number(limit) - Number(start)) / Number(delta)));
  const at = builder.cast(builder.position([count], [1]), dtype);
  const scaled = builder.apply("mul", dtype, at, builder.scalar(dtype, delta));
  return builder.apply("add", dtype, scaled, builder.scalar(dtype, start));
};

const eyeLike: Lower = (context, inputs) => {
  const { shape, dtype } = required(context, inputs, 0);
  const { builder } = context;
  if (shape.length !== 2) refuse(context.node, `a tensor of ${shape.length} dimensions`);
  const to = context.node.attributes.has("dtype") ? dtypeAttribute(context, "dtype") : dtype;
  const diagonal = builder.position(shape, [-1, 1], 0);
  const on = builder.apply("equal", "bool", diagonal, builder.scalar("i32", int(context, "k", 0)));
  return builder.cast(on, to);
};

const trilu: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const { builder } = context;
  const given = inputs[1];
  const k = given === undefined ? 0 : (integersOf(context, given, "k")[0] ?? 0);
  const rank = x.shape.length;
  if (rank < 2) invalid(context.node, `a tensor of ${rank} dimensions`);
  const strides = x.shape.map((_, at) => (at === rank - 1 ? 1 : at === rank - 2 ? -1 : 0));
  const bound = builder.scalar("i32", Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, k)));
  const upper = int(context, "upper", 1) !== 0;
  const kept = builder.apply(
    upper ? "greaterOrEqual" : "lessOrEqual",
    "bool",
    builder.position(x.shape, strides),
    bound,
  );
  return builder.apply("where", x.dtype, kept, x, builder.scalar(x.dtype, 0));
};

export const shapes: Readonly<Record<string, Lower>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Shape: shapeOf,
  Size: size,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Identity: identity,
  Dropout: dropout,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  Trilu: trilu,
};

import { elementCount, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { denseStrides, type Strides } from "../core/strides.ts";
import { AikoError } from "../errors.ts";

/** Where the element of an index is: `offset + sum(index[axis] * strides[axis])`. */
export interface Layout {
  readonly strides: Strides;
  readonly offset: number;
}

/** Another way to look at a matrix. */
export interface View {
  readonly shape: Shape;
  /** The layout of the view over data that has this layout for the matrix; `undefined` where strides cannot express it. */
  apply(layout: Layout): Layout | undefined;
}

/** Which part of an axis: one index (the axis goes), or a range like Python's, where negative numbers count from the end. */
export type SliceRange = number | { readonly start?: number; readonly stop?: number; readonly step?: number };

export function transposed(shape: Shape, axes?: readonly number[]): View {
  const order =
    axes === undefined ? shape.map((_, axis) => shape.length - 1 - axis) : permutation(shape, axes);
  return {
    shape: order.map((axis) => shape[axis] ?? 1),
    apply: ({ strides, offset }) => ({ strides: order.map((axis) => strides[axis] ?? 0), offset }),
  };
}

function permutation(shape: Shape, axes: readonly number[]): number[] {
  const order = axes.map((axis) => axisOf(shape, axis));
  if (order.length === shape.length && new Set(order).size === order.length) return order;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The axes [${axes.join(", ")}] do not name each of the ${shape.length} axes of a ${formatShape(shape)} matrix once`,
  });
}

/** An axis from 0. Negative ones count from the end. Throws INVALID_ARGUMENT for one that is not there. */
export function axisOf(shape: Shape, axis: number, rank = shape.length): number {
  const found = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && found >= 0 && found < rank) return found;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `There is no axis ${axis} in a ${formatShape(shape)} matrix`,
    hint: rank === 0 ? "It has none." : `Axes go from ${-rank} to ${rank - 1}.`,
  });
}

export function broadcasted(shape: Shape, to: Shape): View {
  const missing = to.length - shape.length;
  const fits = missing >= 0 && shape.every((size, axis) => size === 1 || size === to[axis + missing]);
  if (!fits) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot broadcast ${formatShape(shape)} to ${formatShape(to)}`,
      hint: "Each size, counted from the last axis, must be equal or 1.",
    });
  }
  return {
    shape: to,
    apply: ({ strides, offset }) => ({
      strides: to.map((size, axis) => {
        const own = axis - missing;
        return own < 0 || (shape[own] === 1 && size !== 1) ? 0 : (strides[own] ?? 0);
      }),
      offset,
    }),
  };
}

/** The shape that both can be broadcast to. Throws INVALID_ARGUMENT naming both and the axis. */
export function commonShape(a: Shape, b: Shape, operation: string): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const ofA = a[axis - rank + a.length] ?? 1;
    const ofB = b[axis - rank + b.length] ?? 1;
    if (ofA === ofB || ofB === 1) return ofA;
    if (ofA === 1) return ofB;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${operation} cannot combine ${formatShape(a)} with ${formatShape(b)}: ${ofA} meets ${ofB} at axis ${axis - rank}`,
      hint: "Each size, counted from the last axis, must be equal or 1.",
    });
  });
}

/** Throws INVALID_ARGUMENT for a shape of another number of elements; one size may be -1, for what is left. */
export function reshaped(shape: Shape, wanted: Shape): View {
  const to = completed(shape, wanted);
  return { shape: to, apply: (layout) => reshapeLayout(layout, shape, to) };
}

function completed(shape: Shape, wanted: Shape): Shape {
  const count = elementCount(shape);
  const known = elementCount(wanted.filter((size) => size !== -1));
  const open = wanted.filter((size) => size === -1).length;
  const to = open === 1 && known > 0 ? wanted.map((size) => (size === -1 ? count / known : size)) : wanted;
  if (to.every((size) => Number.isInteger(size) && size >= 0) && elementCount(to) === count) return [...to];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Cannot reshape ${formatShape(shape)}, ${count} numbers, to [${wanted.join(", ")}]`,
    hint: "The sizes must multiply to as many; one of them may be -1.",
  });
}

/** Splits the dimensions of data into runs that strides step through evenly, and cuts the new ones out of these. */
function reshapeLayout({ strides, offset }: Layout, from: Shape, to: Shape): Layout | undefined {
  const runs: { size: number; stride: number }[] = [];
  for (const [axis, size] of from.entries()) {
    if (size === 1) continue;
    const stride = strides[axis] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last.stride === stride * size) {
      last.size *= size;
      last.stride = stride;
    } else runs.push({ size, stride });
  }
  const made = new Array<number>(to.length).fill(0);
  let run = runs.pop();
  let left = run?.size ?? 1;
  let stride = run?.stride ?? 0;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const size = to[axis] ?? 1;
    if (size === 1) continue;
    if (size === 0) return { strides: denseStrides(to), offset: 0 };
    if (left === 1) {
      run = runs.pop();
      left = run?.size ?? 1;
      stride = run?.stride ?? 0;
    }
    if (left % size !== 0) return undefined;
    made[axis] = stride;
    stride *= size;
    left /= size;
  }
  return { strides: made, offset };
}

export function expanded(shape: Shape, axis: number): View {
  const at = axisOf(shape, axis, shape.length + 1);
  const insert = (values: readonly number[], value: number) => [
    ...values.slice(0, at),
    value,
    ...values.slice(at),
  ];
  return {
    shape: insert(shape, 1),
    apply: ({ strides, offset }) => ({ strides: insert(strides, 0), offset }),
  };
}

/** Without the axes of size 1, or without those named. Throws INVALID_ARGUMENT where one of these has another size. */
export function squeezed(shape: Shape, axes?: number | readonly number[]): View {
  const named = axes === undefined ? undefined : [axes].flat().map((axis) => axisOf(shape, axis));
  const gone = new Set(named ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : [])));
  for (const axis of gone) {
    if (shape[axis] === 1) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Axis ${axis} of a ${formatShape(shape)} matrix has the size ${shape[axis]}, not 1`,
    });
  }
  const keep = <T>(values: readonly T[]) => values.filter((_, axis) => !gone.has(axis));
  return { shape: keep(shape), apply: ({ strides, offset }) => ({ strides: keep(strides), offset }) };
}

/** One range an axis, from the first; those not named stay whole. Throws INVALID_ARGUMENT for an index out of range. */
export function sliced(shape: Shape, ranges: readonly SliceRange[]): View {
  if (ranges.length > shape.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${ranges.length} ranges for the ${shape.length} axes of a ${formatShape(shape)} matrix`,
    });
  }
  const parts = shape.map((size, axis) => rangeOf(shape, axis, size, ranges[axis] ?? {}));
  const kept = parts.flatMap(({ length }, axis) => (length === undefined ? [] : [axis]));
  return {
    shape: kept.map((axis) => parts[axis]?.length ?? 1),
    apply: ({ strides, offset }) => ({
      strides: kept.map((axis) => (strides[axis] ?? 0) * (parts[axis]?.step ?? 1)),
      offset: parts.reduce((sum, { start }, axis) => sum + start * (strides[axis] ?? 0), offset),
    }),
  };
}

interface Part {
  readonly start: number;
  readonly step: number;
  /** Absent where the axis goes. */
  readonly length: number | undefined;
}

function rangeOf(shape: Shape, axis: number, size: number, range: SliceRange): Part {
  if (typeof range === "number") {
    const at = range < 0 ? range + size : range;
    if (Number.isInteger(range) && at >= 0 && at < size) return { start: at, step: 1, length: undefined };
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no index ${range} on axis ${axis} of a ${formatShape(shape)} matrix`,
      hint: size === 0 ? "The axis is empty." : `Indices go from ${-size} to ${size - 1}.`,
    });
  }
  const { start, stop, step = 1 } = range;
  for (const [name, value] of Object.entries({ start, stop, step })) {
    if (value === undefined || (Number.isInteger(value) && !(name === "step" && value === 0))) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The ${name} of the slice on axis ${axis} is ${value}`,
      hint: "Slices take whole numbers, and no step of 0.",
    });
  }
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const bounded = (value: number) => Math.min(high, Math.max(low, value < 0 ? value + size : value));
  const from = start === undefined ? (step > 0 ? low : high) : bounded(start);
  const to = stop === undefined ? (step > 0 ? high : low) : bounded(stop);
  const length = Math.max(0, Math.ceil((to - from) / step));
  return { start: length === 0 ? 0 : from, step, length };
}

/** Backwards along the axes, all by default. */
export function flipped(shape: Shape, axes?: number | readonly number[]): View {
  const turned = new Set(
    (axes === undefined ? shape.map((_, axis) => axis) : [axes].flat()).map((axis) => axisOf(shape, axis)),
  );
  return sliced(
    shape,
    shape.map((_, axis) => (turned.has(axis) ? { step: -1 } : {})),
  );
}

/** The diagonal of the last two axes, the `offset`-th above it; it becomes the last axis. */
export function diagonalOf(shape: Shape, offset = 0): View {
  const [rows, columns] = shape.slice(-2);
  if (rows === undefined || columns === undefined || !Number.isInteger(offset)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no diagonal ${offset} in a matrix of shape [${shape.join(", ")}]`,
      hint: "A diagonal needs two axes and a whole number.",
    });
  }
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(rows - down, columns - right));
  const outer = shape.length - 2;
  return {
    shape: [...shape.slice(0, outer), length],
    apply: ({ strides, offset: from }) => {
      const [row = 0, column = 0] = strides.slice(outer);
      const start = length === 0 ? 0 : down * row + right * column;
      return { strides: [...strides.slice(0, outer), row + column], offset: from + start };
    },
  };
}

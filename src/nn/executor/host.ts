import { elementCount } from "../../core/shape.ts";
import type { Buffer } from "./buffer.ts";
import type { Value } from "./builder.ts";
import { type Expression, partsOf } from "./expression.ts";
import { storedTensor } from "./host-tensor.ts";
import type { Pointwise } from "./pointwise.ts";
import { computeScalar, type Scalar } from "./scalar-host.ts";
import { type DType, elementAt, type HostData, type HostTensor, hostData } from "./types.ts";
import { denseStrides, type View } from "./views.ts";

/** Where the host finds the elements of buffers. */
export interface HostSources {
  /** What a run was given; `undefined` for what is too large to look at. */
  input(name: string): HostTensor | undefined;
  /** What writes a buffer, where all of it is elementwise. */
  writers(buffer: Buffer): readonly Pointwise[] | undefined;
}

const mostElements = 4096;

/** Computes a small tensor on the host, from constants and a run's inputs; `undefined` where it cannot. */
export function evaluate(value: Value, sources: HostSources): HostTensor | undefined {
  if (value.host !== undefined) return value.host;
  const count = elementCount(value.shape);
  if (count > mostElements) return undefined;
  const data = expressionData(value.expression, value.shape, value.dtype, sources);
  return data === undefined ? undefined : { dtype: value.dtype, shape: value.shape, data };
}

function expressionData(
  expression: Expression,
  shape: readonly number[],
  dtype: DType,
  sources: HostSources,
): HostData | undefined {
  const count = elementCount(shape);
  const columns = new Map<Expression, readonly Scalar[]>();
  for (const part of partsOf(expression)) {
    const column = columnOf(part, shape, count, columns, sources);
    if (column === undefined) return undefined;
    columns.set(part, column);
  }
  const data = hostData(dtype, count);
  columns.get(expression)?.forEach((value, at) => {
    data[at] = value;
  });
  return data;
}

function columnOf(
  part: Expression,
  shape: readonly number[],
  count: number,
  columns: ReadonlyMap<Expression, readonly Scalar[]>,
  sources: HostSources,
): readonly Scalar[] | undefined {
  if (part.kind === "constant") return new Array<Scalar>(count).fill(part.value);
  if (part.kind === "position") return placesOf(shape, part);
  if (part.kind === "leaf") {
    const data = bufferData(part.buffer, sources);
    return data === undefined ? undefined : placesOf(shape, part).map((at) => elementAt<Scalar>(data, at));
  }
  const args = part.args.map((arg) => columns.get(arg) ?? []);
  const from = elementAt(part.args, part.operation === "where" ? 1 : 0).dtype;
  const result: Scalar[] = [];
  for (let at = 0; at < count; at++) {
    const operands = args.map((column) => elementAt(column, at));
    const value = computeScalar(part.operation, operands, { from, to: part.dtype });
    if (value === undefined) return undefined;
    result.push(value);
  }
  return result;
}

function bufferData(buffer: Buffer, sources: HostSources): HostData | undefined {
  const { source, length, dtype } = buffer;
  if (length > mostElements) return undefined;
  if (source.kind === "constant") return storedTensor(source.tensor)?.data;
  if (source.kind === "input") return sources.input(source.name)?.data;
  const writers = sources.writers(buffer);
  if (writers === undefined || writers.length === 0) return undefined;
  const data = hostData(dtype, length);
  for (const { expression, shape, out } of writers) {
    const part = expressionData(expression, shape, dtype, sources);
    if (part === undefined) return undefined;
    placesOf(shape, out ?? { strides: denseStrides(shape), offset: 0 }).forEach((to, from) => {
      data[to] = elementAt<Scalar>(part, from);
    });
  }
  return data;
}

/** The place of every element, in row-major order. */
function placesOf(shape: readonly number[], { strides, offset }: View): number[] {
  let places = [offset];
  shape.forEach((size, at) => {
    const stride = elementAt(strides, at);
    places = places.flatMap((place) => Array.from({ length: size }, (_, index) => place + index * stride));
  });
  return places;
}

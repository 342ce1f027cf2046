import { elementCount, formatShape, isShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { allocateHost } from "./host-memory.ts";

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];

/** Numbers, rows of numbers, or a batch of such. */
export type NestedArray = readonly number[] | readonly (readonly number[])[] | readonly NestedArray[];

/** f32 values of flat data. A Float32Array is taken as it is, without a copy. */
export function toFloat32(data: NumberArray): Float32Array {
  if (data instanceof Float32Array) return data;
  const values = allocateHost(data.length);
  for (let index = 0; index < values.length; index++) values[index] = toFinite32(data[index], [], index, 1);
  return values;
}

export interface Flat {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** Flattens rows, or a batch of rows, of equal length. Throws INVALID_ARGUMENT naming the row that differs. */
export function flatten(rows: NestedArray): Flat {
  const shape = nestedShape(rows);
  const data = allocateHost(elementCount(shape));
  const columns = shape.length - 1;
  let next = 0;
  const visit = (value: unknown, path: readonly number[]) => {
    const items = arrayOf(value, shape, path);
    for (let index = 0; index < items.length; index++) {
      if (path.length < columns) visit(items[index], [...path, index]);
      else data[next++] = toFinite32(items[index], path, index, shape.length);
    }
  };
  visit(rows, []);
  return { data, shape };
}

function arrayOf(value: unknown, shape: Shape, path: readonly number[]): ArrayLike<unknown> {
  const length = shape[path.length];
  const where = position(path, shape.length);
  if (!isArrayLike(value)) {
    throw new AikoError("INVALID_ARGUMENT", { message: `${where} is ${describe(value)}, not an array` });
  }
  if (value.length === length) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${where} has ${value.length} entries where the first has ${length}`,
    hint: "Rows must have equal lengths.",
  });
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function toFinite32(value: unknown, path: readonly number[], index: number, rank: number): number {
  if (typeof value !== "number") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${position([...path, index], rank)} is ${describe(value)}, not a number`,
    });
  }
  if (!Number.isFinite(value) || Number.isFinite(Math.fround(value))) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${position([...path, index], rank)} is ${value}, beyond the range of f32`,
    hint: "Scale the data; the largest f32 is 3.4e38.",
  });
}

const mostDimensions = 16;

export function assertShape(shape: Shape): void {
  if (!Array.isArray(shape) || !isShape(shape) || shape.length > mostDimensions) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A matrix cannot have the shape [${Array.isArray(shape) ? shape.join(", ") : String(shape)}]`,
      hint: `Give up to ${mostDimensions} sizes that are not negative: [rows, columns].`,
    });
  }
}

export function assertFits(length: number, shape: Shape): void {
  assertShape(shape);
  const count = elementCount(shape);
  if (count === length) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${length} numbers do not fill a ${formatShape(shape)} matrix, which holds ${count}`,
  });
}

function nestedShape(rows: NestedArray): number[] {
  const shape: number[] = [];
  let level: unknown = rows;
  while (isArrayLike(level)) {
    shape.push(level.length);
    level = level[0];
  }
  assertShape(shape);
  return shape;
}

/** Names an entry of flat data (rank 1), a batch item, a row, or an entry of a row. */
function position(path: readonly number[], rank: number): string {
  if (path.length === 0) return "The matrix";
  if (rank === 1) return `Entry ${path[0]}`;
  const item = path.slice(0, rank - 2).join(", ");
  const [row, column] = path.slice(rank - 2);
  if (row === undefined) return `Batch item ${item}`;
  return `${item === "" ? "Row" : `In batch item ${item}, row`} ${row}${column === undefined ? "" : `, column ${column},`}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

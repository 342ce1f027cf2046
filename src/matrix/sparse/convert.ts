import { isShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { javascriptEngine, type TaskArray } from "../../runtime/javascript/index.ts";
import { evaluated } from "../evaluate.ts";
import { allocateHostArray } from "../host-memory.ts";
import { typedInput } from "../input.ts";
import { Matrix, type MatrixInput } from "../matrix.ts";
import { SparseMatrix, type SparseType } from "./sparse-matrix.ts";

type Indices = Uint32Array | Int32Array | readonly number[];
type Values<D extends SparseType> = D extends "f64" ? Float64Array : Float32Array;

const module = new URL("../host/sparse.js", import.meta.url).href;
const mostEntries = 2 ** 31;

/**
 * From the row, the column and the value of each entry, in any order; what stands twice is added, zeros are kept. A
 * Float64Array makes an f64 matrix. Rejects with INVALID_ARGUMENT naming an entry out of range.
 */
export async function fromCoo(
  rows: Indices,
  columns: Indices,
  values: Float64Array,
  shape: Shape,
): Promise<SparseMatrix<"f64">>;
export async function fromCoo(
  rows: Indices,
  columns: Indices,
  values: Float32Array | readonly number[],
  shape: Shape,
): Promise<SparseMatrix>;
export async function fromCoo(
  rows: Indices,
  columns: Indices,
  values: Float32Array | Float64Array | readonly number[],
  shape: Shape,
): Promise<SparseMatrix<SparseType>> {
  const [height, width] = sparseShape(shape);
  const numbers = numbersOf(values);
  const given = [indicesOf(rows, "row"), indicesOf(columns, "column")] as const;
  if (given[0].length !== numbers.length || given[1].length !== numbers.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${given[0].length} rows and ${given[1].length} columns do not go with ${numbers.length} values`,
    });
  }
  const starts = allocateHostArray("u32", height + 1);
  const places = allocateHostArray("u32", numbers.length);
  const dtype = numbers instanceof Float64Array ? "f64" : "f32";
  const sums = allocateHostArray(dtype, numbers.length);
  const count = await task(
    "compress",
    [...given, numbers, starts, places, sums],
    { rows: height, columns: width },
    numbers.length + width + height,
  );
  return assembled(
    [height, width],
    starts,
    places.subarray(0, Number(count)),
    sums.subarray(0, Number(count)),
    dtype,
  );
}

/** From compressed rows, without a copy of typed arrays. Rejects with INVALID_ARGUMENT naming the row or entry that is wrong. */
export async function fromCsr(
  rowStarts: Indices,
  columns: Indices,
  values: Float64Array,
  shape: Shape,
): Promise<SparseMatrix<"f64">>;
export async function fromCsr(
  rowStarts: Indices,
  columns: Indices,
  values: Float32Array | readonly number[],
  shape: Shape,
): Promise<SparseMatrix>;
export async function fromCsr(
  rowStarts: Indices,
  columns: Indices,
  values: Float32Array | Float64Array | readonly number[],
  shape: Shape,
): Promise<SparseMatrix<SparseType>> {
  const [height, width] = sparseShape(shape);
  const numbers = numbersOf(values);
  const starts = indicesOf(rowStarts, "row start");
  const places = indicesOf(columns, "column");
  if (starts.length !== height + 1 || places.length !== numbers.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${starts.length} row starts, ${places.length} columns and ${numbers.length} values do not make a sparse matrix of ${height} rows`,
      hint: "It takes one row start more than rows, and as many columns as values.",
    });
  }
  await task("checkCompressed", [starts, places], { rows: height, columns: width }, numbers.length + height);
  return assembled([height, width], starts, places, numbers, numbers instanceof Float64Array ? "f64" : "f32");
}

/** What is not 0 of a dense matrix, f32 or f64. */
export async function fromDense<D extends SparseType = "f32">(
  runtime: Runtime,
  matrix: MatrixInput<D>,
  options: RunOptions = {},
): Promise<SparseMatrix<D>> {
  const input = typedInput<SparseType>(matrix as MatrixInput<SparseType>, "matrix", ["f32", "f64"]);
  const [rows, columns] = sparseShape(input.shape);
  const dense = await (await evaluated(runtime, input, options)).host();
  const starts = allocateHostArray("u32", rows + 1);
  if (dense.length === 0) starts.fill(0);
  const count =
    dense.length === 0 ? 0 : Number(await task("countNonzeros", [dense, starts], columns, dense.length));
  const places = allocateHostArray("u32", count);
  const values = allocateHostArray(input.dtype, count);
  if (count > 0) await task("gatherNonzeros", [dense, places, values], columns, dense.length);
  return assembled([rows, columns], starts, places, values, input.dtype) as unknown as SparseMatrix<D>;
}

/** Rows become columns. */
export async function transpose<D extends SparseType>(
  runtime: Runtime,
  matrix: SparseMatrix<D>,
  options: RunOptions = {},
): Promise<SparseMatrix<D>> {
  const [rows, columns] = matrix.shape;
  const parts = [matrix.rowStarts, matrix.columns, matrix.values] as const;
  const arrays = await Promise.all(
    parts.map(async (part) => (await evaluated<"u32" | D>(runtime, part, options)).host()),
  );
  const starts = allocateHostArray("u32", columns + 1);
  const places = allocateHostArray("u32", matrix.nonzeros);
  const values = allocateHostArray<SparseType>(matrix.dtype, matrix.nonzeros);
  const effort = matrix.nonzeros + rows + columns;
  await task(
    "transposeRows",
    [...(arrays as TaskArray[]), starts, places, values],
    { rows, columns },
    effort,
  );
  return assembled([columns, rows], starts, places, values, matrix.dtype) as unknown as SparseMatrix<D>;
}

async function task(
  name: string,
  arrays: readonly TaskArray[],
  parameters: unknown,
  size: number,
): Promise<unknown> {
  const { value } = await javascriptEngine.run({ module, name, arrays, parameters, effort: 4 * size });
  return value;
}

function assembled<D extends SparseType>(
  shape: readonly [number, number],
  starts: Uint32Array,
  places: Uint32Array,
  values: Values<SparseType>,
  dtype: D,
): SparseMatrix<SparseType> {
  return new SparseMatrix<SparseType>(
    shape,
    Matrix.from(starts, [starts.length], "u32"),
    Matrix.from(places, [places.length], "u32"),
    Matrix.from<SparseType>(values, [values.length], dtype),
  );
}

function sparseShape(shape: Shape): readonly [number, number] {
  const [rows, columns] = Array.isArray(shape) ? shape : [];
  if (shape.length === 2 && isShape(shape) && rows < mostEntries && columns < mostEntries)
    return [rows, columns];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A sparse matrix cannot have the shape [${String(shape)}]`,
    hint: "Give rows and columns, below 2^31.",
  });
}

function numbersOf(values: Float32Array | Float64Array | readonly number[]): Float32Array | Float64Array {
  if (values instanceof Float32Array || values instanceof Float64Array) return values;
  if (Array.isArray(values) && values.every((value) => typeof value === "number"))
    return Float32Array.from(values);
  throw new AikoError("INVALID_ARGUMENT", {
    message: "The values of a sparse matrix are not numbers",
    hint: "Pass a Float32Array, a Float64Array or an array of numbers.",
  });
}

function indicesOf(indices: Indices, name: string): Uint32Array {
  if (indices instanceof Uint32Array) return indices;
  const bad = indices.findIndex(
    (index: number) => !(Number.isSafeInteger(index) && index >= 0 && index < 2 ** 32),
  );
  if (bad < 0) return Uint32Array.from(indices);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Entry ${bad} has the ${name} ${indices[bad]}`,
    hint: "Pass whole numbers from 0.",
  });
}

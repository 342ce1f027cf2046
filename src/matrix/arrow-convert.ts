import type { Data, DataType } from "apache-arrow";
import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";
import type { ArrowLibrary } from "../runtime/arrow-library.ts";
import { type NumericColumn, readerOf } from "./arrow-columns.ts";
import { fromHalf } from "./npy-decode.ts";

/** Numbers handled without a look at the clock. */
const piece = 1 << 15;
const copyPiece = 1 << 18;

/**
 * Writes a column into a row-major matrix: each of its rows `stride` numbers after the one before. Rejects with
 * INVALID_ARGUMENT for a number that f32 cannot hold, where it is converted.
 */
export async function fillFrom(
  column: NumericColumn,
  out: HostArray,
  { dtype, first, stride }: { readonly dtype: DType; readonly first: number; readonly stride: number },
): Promise<void> {
  const target = out as unknown as (number | bigint)[];
  const convert = column.dtype === dtype ? undefined : converter(column);
  const { width } = column;
  if (convert === undefined && stride === width && dtype !== "bool") {
    await copyFrom(column, out, first);
    return;
  }
  let row = 0;
  let handled = 0;
  for (const chunk of column.chunks) {
    const read = readerOf(column.dtype, chunk);
    for (let at = 0; at < chunk.rows; at++, row++) {
      const place = first + row * stride;
      for (let inner = 0; inner < width; inner++) {
        if (handled++ % piece === 0) while (isTurnLong()) await nextTurn();
        const value = read(at * width + inner);
        target[place + inner] = convert === undefined ? value : convert(value, row);
      }
    }
  }
}

/** Rows that lie side by side, as they are. */
async function copyFrom({ chunks, width }: NumericColumn, out: HostArray, first: number): Promise<void> {
  const target = out as Float32Array;
  let place = first;
  for (const { values, start, rows } of chunks) {
    const end = start + rows * width;
    for (let from = start; from < end; from += copyPiece) {
      while (isTurnLong()) await nextTurn();
      const part = values.subarray(from, Math.min(from + copyPiece, end)) as Float32Array;
      target.set(part, place);
      place += part.length;
    }
  }
}

/** To f32: floats are rounded, integers must be held exactly. */
function converter({ name, dtype }: NumericColumn): (value: number | bigint, row: number) => number {
  const isFloat = dtypes[dtype].kind === "float";
  return (value, row) => {
    const number = dtype === "f16" ? fromHalf(Number(value)) : Number(value);
    const rounded = Math.fround(number);
    const holds = isFloat
      ? Number.isFinite(rounded) || !Number.isFinite(number)
      : BigInt(rounded) === BigInt(value);
    if (holds) return rounded;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Row ${row} of the Arrow column ${JSON.stringify(name)}, ${value}, ${isFloat ? "is beyond the range of f32" : "has no exact f32"}`,
      hint: 'Keep the type that it has: { dtype: "stored" }.',
    });
  };
}

/** Throws UNSUPPORTED for bf16, which Arrow lacks. */
export function arrowType(arrow: ArrowLibrary, dtype: DType): DataType {
  const types: Readonly<Partial<Record<DType, () => DataType>>> = {
    f16: () => new arrow.Float16(),
    f32: () => new arrow.Float32(),
    f64: () => new arrow.Float64(),
    i8: () => new arrow.Int8(),
    i16: () => new arrow.Int16(),
    i32: () => new arrow.Int32(),
    i64: () => new arrow.Int64(),
    u8: () => new arrow.Uint8(),
    u16: () => new arrow.Uint16(),
    u32: () => new arrow.Uint32(),
    u64: () => new arrow.Uint64(),
    bool: () => new arrow.Bool(),
  };
  const make = types[dtype];
  if (make !== undefined) return make();
  throw new AikoError("UNSUPPORTED", {
    message: `Arrow has no element type for ${dtype}`,
    hint: "Cast the matrix to f32 first.",
  });
}

/** One chunk of an Arrow column over these numbers. */
export function flatData(arrow: ArrowLibrary, type: DataType, values: HostArray): Data {
  const isBool = arrow.DataType.isBool(type);
  const data = isBool ? packed(values as Uint8Array) : values;
  return makeData(arrow, { type, length: values.length, nullCount: 0, data });
}

/** One chunk of lists of fixed size: `shape[0]` of them, and lists in these for every size after the second. */
export function listData(arrow: ArrowLibrary, type: DataType, values: HostArray, shape: Shape): Data {
  let child = flatData(arrow, type, values);
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const list = new arrow.FixedSizeList(shape[axis] ?? 0, new arrow.Field("item", child.type, false));
    child = makeData(arrow, { type: list, length: elementCount(shape.slice(0, axis)), nullCount: 0, child });
  }
  return child;
}

/** apache-arrow's own signature has one case for each type, and none for a type that is only known when it runs. */
function makeData(arrow: ArrowLibrary, properties: object): Data {
  return (arrow.makeData as unknown as (properties: object) => Data)(properties);
}

function packed(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 64) * 8);
  for (let at = 0; at < values.length; at++) {
    if (values[at] !== 0) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bits;
}

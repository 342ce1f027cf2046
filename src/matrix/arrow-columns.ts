import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";

/** The parts of apache-arrow's objects that are read, by their names there: a program may bring a copy of its own. */
export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly listSize?: number;
  readonly children?: readonly { readonly type: ArrowType }[];
}

export interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly values: ArrayBufferView & HostArray;
  readonly children: readonly ArrowData[];
}

export interface ArrowVector {
  readonly type: ArrowType;
  readonly length: number;
  readonly data: readonly ArrowData[];
}

/** One column: `width` numbers a row, of the sizes of its lists. */
export interface NumericColumn {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  /** Sizes of a row: [] for single numbers. */
  readonly row: Shape;
  readonly width: number;
  readonly chunks: readonly Chunk[];
}

interface Chunk {
  readonly rows: number;
  readonly values: HostArray;
  /** The first number's place; for truth values its bit. */
  readonly start: number;
}

/** `Type` in https://github.com/apache/arrow/blob/main/format/Schema.fbs, as apache-arrow numbers it. */
const typeIds = { int: 2, float: 3, bool: 6, fixedSizeList: 16 } as const;
const otherTypes: Readonly<Record<number, string>> = {
  [-1]: "dictionary-encoded values",
  1: "nothing but nulls",
  4: "bytes",
  5: "text",
  7: "decimals",
  8: "dates",
  9: "times of day",
  10: "timestamps",
  11: "intervals",
  12: "lists of varying length",
  13: "structures",
  14: "unions",
  15: "bytes of fixed length",
  17: "maps",
  18: "durations",
  19: "long bytes",
  20: "long text",
};

/** Checks a column and finds its numbers. Throws INVALID_ARGUMENT naming a column of another type, or with nulls. */
export function numericColumn(name: string, vector: ArrowVector): NumericColumn {
  const row: number[] = [];
  let type = vector.type;
  while (type.typeId === typeIds.fixedSizeList) {
    row.push(type.listSize ?? 0);
    type = type.children?.[0]?.type ?? { typeId: 1 };
  }
  const dtype = dtypeOf(type);
  if (dtype === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The Arrow column ${JSON.stringify(name)} holds ${otherTypes[type.typeId] ?? `values of Arrow's type ${type.typeId}`}, not numbers`,
      hint: "Name the columns to take: { columns: [...] }; or cast this one first.",
    });
  }
  const width = row.reduce((product, size) => product * size, 1);
  const chunks = vector.data.map((data) => chunkOf(name, data, row.length));
  return { name, dtype, rows: vector.length, row, width, chunks };
}

/** The number at a place of a chunk; 64-bit integers as bigints, f16 as its bits. */
export function readerOf(dtype: DType, { values, start }: Chunk): (at: number) => number | bigint {
  if (dtype !== "bool") return (at) => values[start + at] ?? 0;
  const bits = values as Uint8Array;
  return (at) => ((bits[(start + at) >> 3] ?? 0) >> ((start + at) & 7)) & 1;
}

function dtypeOf({ typeId, bitWidth, isSigned, precision }: ArrowType): DType | undefined {
  if (typeId === typeIds.bool) return "bool";
  if (typeId === typeIds.float) return (["f16", "f32", "f64"] as const)[precision ?? -1];
  if (typeId !== typeIds.int) return undefined;
  const name = `${isSigned ? "i" : "u"}${bitWidth}`;
  return Object.hasOwn(dtypes, name) ? (name as DType) : undefined;
}

/** Lists of fixed size hold their numbers side by side; a slice of lists starts at its offset times their size. */
function chunkOf(name: string, data: ArrowData, depth: number): Chunk {
  const { length: rows } = data;
  let inner = data;
  for (let level = 0; ; level++) {
    if (inner.nullCount > 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The Arrow column ${JSON.stringify(name)} has nulls, which a matrix does not have`,
        hint: "Fill or drop them first, or name other columns: { columns: [...] }.",
      });
    }
    if (level === depth) break;
    const child = inner.children[0];
    if (child === undefined)
      throw new AikoError("INVALID_ARGUMENT", { message: `The lists of ${name} are damaged` });
    inner = child;
  }
  const isBits = inner.type.typeId === typeIds.bool;
  return { rows, values: inner.values, start: isBits ? inner.offset : 0 };
}

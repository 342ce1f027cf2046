import { countBits, sliceBits } from "../../core/bitmap.ts";
import type { HostColumn } from "../../core/column.ts";
import { columnProblem } from "../../core/column-check.ts";
import {
  elementCountOf,
  elementOf,
  emptyColumn,
  fixedColumn,
  listColumn,
  nullColumn,
  textColumn,
  type Validity,
} from "../../core/column-make.ts";
import { sliceColumn } from "../../core/column-slice.ts";
import { type ColumnType, physicalOf } from "../../core/column-type.ts";
import { type DType, dtypes, type HostArray } from "../../core/dtype.ts";
import { makeHostArray } from "../../core/host-array.ts";
import { AikoError } from "../../errors.ts";
import { type ArrowData, typeIds } from "./arrow-types.ts";
import { dictionaryChunk } from "./dictionary.ts";
import { rowTask } from "./row-task.ts";
import { viewChunk } from "./string-view.ts";

/** One chunk of a column, in the memory it has where the layout allows. Rejects with INVALID_VALUE naming a damaged row. */
export async function chunkColumn(name: string, type: ColumnType, data: ArrowData): Promise<HostColumn> {
  const column = await convert(name, type, data);
  const problem = columnProblem(column);
  if (problem === undefined) return column;
  throw new AikoError("INVALID_VALUE", {
    message: `Damaged Arrow data: the column ${JSON.stringify(name)} ${problem}`,
  });
}

async function convert(name: string, type: ColumnType, data: ArrowData): Promise<HostColumn> {
  const { typeId } = data.type;
  if (data.length === 0) return emptyColumn(type);
  if (typeId === typeIds.null) return nullColumn(type, data.length);
  const nulls = validityOf(name, data);
  if (typeId === typeIds.dictionary) return dictionaryChunk(name, type, data, nulls, chunkColumn);
  if (typeId === typeIds.textView) return viewChunk(name, data, nulls);
  if (type.kind === "utf8") return textChunk(name, data, nulls);
  if (type.kind === "list") return listChunk(name, type, data, nulls);
  return fixedChunk(name, type, data, nulls);
}

function validityOf(name: string, { nullBitmap, nullCount, offset, length }: ArrowData): Validity {
  if (nullBitmap === undefined || nullBitmap === null || nullBitmap.length === 0) return { nullCount: 0 };
  if (nullCount === 0) return { nullCount: 0 };
  if (nullBitmap.length * 8 < offset + length) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: the column ${JSON.stringify(name)} has validity for ${nullBitmap.length * 8} rows of ${offset + length}`,
    });
  }
  const nulls = length - countBits(nullBitmap, offset, length);
  return nulls === 0
    ? { nullCount: 0 }
    : { validity: sliceBits(nullBitmap, offset, length), nullCount: nulls };
}

async function fixedChunk(
  name: string,
  type: ColumnType,
  data: ArrowData,
  nulls: Validity,
): Promise<HostColumn> {
  const { length, offset } = data;
  const validity = nulls.validity ?? new Uint8Array(0);
  const parameters = { hasNulls: nulls.nullCount > 0 };
  const physical = physicalOf(type);
  if (type.kind === "bool") {
    const bits = arrayOf(name, data, "u8", 0, Math.ceil((offset + length) / 8));
    return fixedColumn(type, length, sliceBits(bits as Uint8Array, offset, length), nulls);
  }
  if (type.kind === "float32" && data.type.precision === 0) {
    const values = makeHostArray("f32", length);
    await rowTask("widenHalves", name, [arrayOf(name, data, "f16", 0, length), values]);
    return fixedColumn(type, length, values, nulls);
  }
  if (type.kind === "date" && data.type.unit === 1) {
    const days = new Int32Array(length);
    await rowTask("wholeDays", name, [arrayOf(name, data, "i64", 0, length), validity, days], parameters);
    return fixedColumn(type, length, days, nulls);
  }
  if (type.kind === "decimal" && data.type.bitWidth === 32) {
    const narrow = arrayOf(name, data, "i32", 0, length) as Int32Array;
    return fixedColumn(type, length, BigInt64Array.from(narrow, BigInt), nulls);
  }
  if (type.kind === "decimal" && data.type.bitWidth !== 64 && physical === "i64") {
    const values = new BigInt64Array(length);
    const words = arrayOf(name, data, "i64", 0, length * 2);
    await rowTask("narrowDecimals", name, [words, validity, values], parameters);
    return fixedColumn(type, length, values, nulls);
  }
  const values = arrayOf(name, data, elementOf(physical), 0, elementCountOf(physical, length));
  return fixedColumn(type, length, values, nulls);
}

async function textChunk(name: string, data: ArrowData, nulls: Validity): Promise<HostColumn> {
  let bytes = arrayOf(name, data, "u8", 0, data.values?.length ?? 0) as Uint8Array;
  const { valueOffsets, length } = data;
  if (valueOffsets instanceof BigInt64Array) {
    const first = Number(valueOffsets[0] ?? 0n);
    bytes = bytes.subarray(first);
  }
  const offsets = await offsetsOf(name, valueOffsets, length);
  await rowTask("checkText", name, [offsets, bytes]);
  return textColumn(offsets, bytes, nulls);
}

async function listChunk(
  name: string,
  type: ColumnType & { kind: "list" },
  data: ArrowData,
  nulls: Validity,
): Promise<HostColumn> {
  const [child] = data.children;
  if (child === undefined) {
    throw new AikoError("INVALID_VALUE", { message: `The lists of ${JSON.stringify(name)} have no items` });
  }
  const items = await chunkColumn(`${name}[]`, type.item, child);
  const { length } = data;
  const size = data.type.listSize;
  if (data.type.typeId === typeIds.fixedSizeList && size !== undefined) {
    return listColumn(type, evenOffsets(length, size), items, nulls);
  }
  const offsets = await offsetsOf(name, data.valueOffsets, length);
  const first = data.valueOffsets instanceof BigInt64Array ? Number(data.valueOffsets[0] ?? 0n) : 0;
  const used = first === 0 ? items : sliceColumn(items, first, Math.max(0, items.length - first));
  await rowTask("checkOffsets", name, [offsets], { items: used.length });
  return listColumn(type, offsets, used, nulls);
}

async function offsetsOf(
  name: string,
  offsets: Int32Array | BigInt64Array | undefined,
  length: number,
): Promise<Int32Array> {
  if (offsets === undefined || offsets.length < length + 1) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: ${JSON.stringify(name)} has ${offsets?.length ?? 0} offsets for ${length} rows`,
    });
  }
  if (!(offsets instanceof BigInt64Array)) return offsets.subarray(0, length + 1);
  const wide = offsets.subarray(0, length + 1);
  const span = (wide[length] ?? 0n) - (wide[0] ?? 0n);
  if (span > 2_147_483_647n) {
    throw new AikoError("UNSUPPORTED", {
      message: `The Arrow column ${JSON.stringify(name)} has a chunk of ${span} bytes or items: over 2 GiB`,
      hint: "Write it in smaller record batches.",
    });
  }
  const narrow = makeHostArray("i32", length + 1);
  await rowTask("narrowOffsets", name, [wide, narrow]);
  return narrow;
}

function evenOffsets(rows: number, size: number): Int32Array {
  const offsets = makeHostArray("i32", rows + 1);
  for (let row = 0; row <= rows; row++) offsets[row] = row * size;
  return offsets;
}

/** A view of the chunk's values as elements of a type; a copy where they are not aligned. */
function arrayOf(name: string, { values }: ArrowData, dtype: DType, first: number, count: number): HostArray {
  const { array } = dtypes[dtype];
  const size = array.BYTES_PER_ELEMENT;
  const present = values?.byteLength ?? 0;
  if (values === undefined || present < (first + count) * size) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: the column ${JSON.stringify(name)} has ${present} bytes of values where its rows take ${(first + count) * size}`,
    });
  }
  const start = values.byteOffset + first * size;
  if (start % size === 0) return new array(values.buffer, start, count);
  const bytes = new Uint8Array(values.buffer, start, count * size);
  return new array(bytes.slice().buffer, 0, count);
}

import type { Data, DataType, RecordBatch, Table, Vector } from "apache-arrow";
import type { HostColumn, HostTable, TextColumn } from "../../core/column.ts";
import { elementCountOf } from "../../core/column-make.ts";
import { type ColumnType, physicalOf } from "../../core/column-type.ts";
import type { HostArray } from "../../core/dtype.ts";
import { makeHostArray } from "../../core/host-array.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { type ArrowLibrary, loadArrow } from "../../runtime/arrow-library.ts";

const piece = 1 << 16;

/** A table of apache-arrow, over the same memory but for decimals of up to 18 digits. Rejects with ENGINE_MISSING. */
export async function tableToArrow(table: HostTable): Promise<Table> {
  const arrow = await loadArrow();
  return new arrow.Table([await batchToArrow(arrow, table)]);
}

export async function batchToArrow(
  arrow: ArrowLibrary,
  { names, columns, rows }: HostTable,
): Promise<RecordBatch> {
  const children: Data[] = [];
  for (const column of columns) children.push(await columnToArrow(arrow, column));
  const fields = children.map(({ type }, at) => new arrow.Field(names[at] ?? "", type, true));
  const schema = new arrow.Schema(fields);
  const data = arrow.makeData({ type: new arrow.Struct(fields), length: rows, nullCount: 0, children });
  return new arrow.RecordBatch(schema, data);
}

function arrowTypeOf(arrow: ArrowLibrary, column: HostColumn): DataType {
  const { type } = column;
  if (column.layout === "dictionary") return dictionaryType(arrow);
  if (column.layout === "list") {
    return new arrow.List(new arrow.Field("item", arrowTypeOf(arrow, column.items), true));
  }
  return scalarType(arrow, type);
}

async function columnToArrow(arrow: ArrowLibrary, column: HostColumn): Promise<Data> {
  const { length, nullCount } = column;
  const type = arrowTypeOf(arrow, column);
  const nullBitmap = nullCount > 0 ? column.validity : undefined;
  const shared = { type, length, nullCount, nullBitmap };
  switch (column.layout) {
    case "fixed":
      return arrow.makeData({ ...shared, data: await valuesOf(column.type, column.values, length) } as never);
    case "text":
      return textData(arrow, column, nullBitmap);
    case "dictionary":
      return arrow.makeData({
        ...shared,
        data: new Int32Array(column.codes.buffer, column.codes.byteOffset, length),
        dictionary: dictionaryVector(arrow, column.dictionary),
      } as never);
    case "list":
      return arrow.makeData({
        ...shared,
        valueOffsets: column.offsets.subarray(0, length + 1),
        child: await columnToArrow(arrow, column.items),
      } as never);
  }
}

const vectors = new WeakMap<TextColumn, Vector>();

/** One vector a dictionary, so that a file has it once. */
function dictionaryVector(arrow: ArrowLibrary, dictionary: TextColumn): Vector {
  let vector = vectors.get(dictionary);
  if (vector === undefined) {
    vector = new arrow.Vector([textData(arrow, dictionary, undefined)]);
    vectors.set(dictionary, vector);
  }
  return vector;
}

function textData(
  arrow: ArrowLibrary,
  { offsets, bytes, length, nullCount }: TextColumn,
  nullBitmap: Uint8Array | undefined,
): Data {
  return arrow.makeData({
    type: new arrow.Utf8(),
    length,
    nullCount,
    nullBitmap,
    valueOffsets: offsets.subarray(0, length + 1),
    data: bytes,
  });
}

/** Types of dictionaries have a number, by which a file tells them apart; apache-arrow counts it up. */
function dictionaryType(arrow: ArrowLibrary): DataType {
  return new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
}

async function valuesOf(type: ColumnType, values: HostArray, length: number): Promise<HostArray> {
  const physical = physicalOf(type);
  const part = (values as Uint8Array).subarray(0, elementCountOf(physical, length));
  if (type.kind !== "decimal") return part;
  return physical === "i128"
    ? new Uint32Array(part.buffer, part.byteOffset, length * 4)
    : widened(values as BigInt64Array, length);
}

/** Arrow's decimals have 128 bits, in words of 32. */
async function widened(values: BigInt64Array, length: number): Promise<Uint32Array> {
  const words = new Int32Array(values.buffer, values.byteOffset, length * 2);
  const wide = makeHostArray("u32", length * 4);
  for (let row = 0; row < length; row++) {
    if (row % piece === 0) while (isTurnLong()) await nextTurn();
    const high = words[row * 2 + 1] ?? 0;
    wide[row * 4] = words[row * 2] ?? 0;
    wide[row * 4 + 1] = high;
    wide[row * 4 + 2] = high >> 31;
    wide[row * 4 + 3] = high >> 31;
  }
  return wide;
}

const units = { s: 0, ms: 1, us: 2, ns: 3 } as const;

function scalarType(arrow: ArrowLibrary, type: ColumnType): DataType {
  switch (type.kind) {
    case "bool":
      return new arrow.Bool();
    case "int8":
      return new arrow.Int8();
    case "int16":
      return new arrow.Int16();
    case "int32":
      return new arrow.Int32();
    case "int64":
      return new arrow.Int64();
    case "uint8":
      return new arrow.Uint8();
    case "uint16":
      return new arrow.Uint16();
    case "uint32":
      return new arrow.Uint32();
    case "uint64":
      return new arrow.Uint64();
    case "float32":
      return new arrow.Float32();
    case "float64":
      return new arrow.Float64();
    case "date":
      return new arrow.DateDay();
    case "utf8":
      return new arrow.Utf8();
    case "decimal":
      return new arrow.Decimal(type.scale, type.precision, 128);
    case "timestamp":
      return new arrow.Timestamp(units[type.unit], type.timeZone ?? null);
    case "duration":
      return new arrow.Duration(units[type.unit]);
    case "list":
      return new arrow.List(new arrow.Field("item", scalarType(arrow, type.item), true));
  }
}

import { copyBits, fillBits, makeBitmap } from "../core/bitmap.ts";
import type {
  DictionaryColumn,
  FixedColumn,
  HostColumn,
  HostTable,
  ListColumn,
  TextColumn,
} from "../core/column.ts";
import {
  dictionaryColumn,
  elementCountOf,
  elementOf,
  fixedColumn,
  listColumn,
  textColumn,
  type Validity,
} from "../core/column-make.ts";
import { sliceColumn } from "../core/column-slice.ts";
import { physicalOf } from "../core/column-type.ts";
import { mergeDictionaries } from "../core/dictionary-merge.ts";
import type { HostArray } from "../core/dtype.ts";
import { makeHostArray } from "../core/host-array.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";

/** Elements copied without a look at the clock. */
const piece = 1 << 17;

const mostTextBytes = 2 ** 31 - 1;

/** Columns of one type, one below the other; a single one is returned as it is. Rejects with RESULT_TOO_LARGE for 2 GiB of text. */
export async function concatColumns(columns: readonly HostColumn[]): Promise<HostColumn> {
  const filled = columns.filter(({ length }) => length > 0);
  const [first] = filled.length > 0 ? filled : columns;
  if (first === undefined || filled.length <= 1)
    return first ?? textColumn(new Int32Array(1), new Uint8Array(0));
  const validity = await joinedValidity(filled);
  if (first.layout === "fixed") return joinFixed(filled as FixedColumn[], validity);
  if (first.layout === "list") return joinLists(filled as ListColumn[], validity);
  if (filled.every((column) => column.layout === "dictionary")) return joinCodes(filled, validity);
  return joinTexts(
    await Promise.all(filled.map((column) => textOf(column as TextColumn | DictionaryColumn))),
    validity,
  );
}

/** Tables with the same columns, one below the other. */
export async function concatTables(tables: readonly HostTable[]): Promise<HostTable> {
  const [first] = tables;
  if (first === undefined) return { names: [], columns: [], rows: 0 };
  if (tables.length === 1) return first;
  const columns: HostColumn[] = [];
  for (const at of first.columns.keys()) {
    columns.push(await concatColumns(tables.flatMap((table) => table.columns[at] ?? [])));
  }
  return { names: first.names, columns, rows: tables.reduce((sum, { rows }) => sum + rows, 0) };
}

/** Text that is not held as codes. Rejects with RESULT_TOO_LARGE where that takes 2 GiB. */
export async function textOf(column: TextColumn | DictionaryColumn): Promise<TextColumn> {
  if (column.layout === "text") return column;
  const { codes, dictionary, validity, nullCount } = column;
  const offsets = makeHostArray("i32", codes.length + 1);
  let end = 0;
  for (let row = 0; row < codes.length; row++) {
    if (row % piece === 0) while (isTurnLong()) await nextTurn();
    offsets[row] = end;
    if (isValid(validity, row)) end += lengthAt(dictionary, codes[row] ?? 0);
  }
  assertFits(end);
  offsets[codes.length] = end;
  const bytes = makeHostArray("u8", end);
  for (let row = 0; row < codes.length; row++) {
    if (row % 4096 === 0) while (isTurnLong()) await nextTurn();
    if (!isValid(validity, row)) continue;
    const code = codes[row] ?? 0;
    bytes.set(
      dictionary.bytes.subarray(dictionary.offsets[code], dictionary.offsets[code + 1]),
      offsets[row],
    );
  }
  return textColumn(offsets, bytes, { validity, nullCount });
}

async function joinFixed(columns: readonly FixedColumn[], validity: Validity): Promise<HostColumn> {
  const type = columns[0]?.type ?? { kind: "bool" };
  const rows = rowsOf(columns);
  const physical = physicalOf(type);
  if (physical === "bits") {
    const bits = makeBitmap(rows);
    let at = 0;
    for (const { values, length } of columns) {
      while (isTurnLong()) await nextTurn();
      copyBits(values as Uint8Array, 0, bits, at, length);
      at += length;
    }
    return fixedColumn(type, rows, bits, validity);
  }
  const values = makeHostArray(elementOf(physical), elementCountOf(physical, rows));
  await fill(
    values,
    columns.map((column) => part(column.values, 0, elementCountOf(physical, column.length))),
  );
  return fixedColumn(type, rows, values, validity);
}

async function joinTexts(columns: readonly TextColumn[], validity: Validity): Promise<HostColumn> {
  const offsets = await joinOffsets(columns);
  const bytes = makeHostArray("u8", offsets[offsets.length - 1] ?? 0);
  await fill(
    bytes,
    columns.map((column) => column.bytes.subarray(column.offsets[0], column.offsets[column.length])),
  );
  return textColumn(offsets, bytes, validity);
}

async function joinLists(columns: readonly ListColumn[], validity: Validity): Promise<HostColumn> {
  const joined = await joinOffsets(columns);
  const items = await concatColumns(
    columns.map(({ items, offsets, length }) =>
      sliceColumn(items, offsets[0] ?? 0, (offsets[length] ?? 0) - (offsets[0] ?? 0)),
    ),
  );
  const type = columns[0]?.type ?? { kind: "list", item: items.type };
  return listColumn(type, joined, items, validity);
}

async function joinCodes(columns: readonly DictionaryColumn[], validity: Validity): Promise<HostColumn> {
  const dictionaries = [...new Set(columns.map(({ dictionary }) => dictionary))];
  const merged = await mergeDictionaries(dictionaries);
  const codes = makeHostArray("u32", rowsOf(columns));
  let at = 0;
  for (const column of columns) {
    const map = merged.codes[dictionaries.indexOf(column.dictionary)] ?? new Uint32Array(0);
    for (let row = 0; row < column.length; row++) {
      if (row % piece === 0) while (isTurnLong()) await nextTurn();
      codes[at++] = isValid(column.validity, row) ? (map[column.codes[row] ?? 0] ?? 0) : 0;
    }
  }
  return dictionaryColumn(codes, merged.dictionary, validity);
}

async function joinOffsets(
  columns: readonly { readonly length: number; readonly offsets: Int32Array }[],
): Promise<Int32Array> {
  assertFits(columns.reduce((sum, column) => sum + spanOf(column), 0));
  const joined = makeHostArray("i32", rowsOf(columns) + 1);
  joined[0] = 0;
  let at = 0;
  for (const { offsets, length } of columns) {
    const shift = (joined[at] ?? 0) - (offsets[0] ?? 0);
    for (let row = 1; row <= length; row++) {
      if (row % piece === 0) while (isTurnLong()) await nextTurn();
      joined[++at] = (offsets[row] ?? 0) + shift;
    }
  }
  return joined;
}

async function joinedValidity(columns: readonly HostColumn[]): Promise<Validity> {
  const nullCount = columns.reduce((sum, column) => sum + column.nullCount, 0);
  if (nullCount === 0) return { nullCount };
  const validity = makeBitmap(rowsOf(columns));
  let at = 0;
  for (const column of columns) {
    while (isTurnLong()) await nextTurn();
    if (column.validity === undefined || column.nullCount === 0) fillBits(validity, at, column.length);
    else copyBits(column.validity, 0, validity, at, column.length);
    at += column.length;
  }
  return { validity, nullCount };
}

async function fill(target: HostArray, parts: readonly HostArray[]): Promise<void> {
  let at = 0;
  for (const from of parts) {
    for (let start = 0; start < from.length; start += piece) {
      while (isTurnLong()) await nextTurn();
      const next = part(from, start, start + piece);
      (target as Uint8Array).set(next as Uint8Array, at);
      at += next.length;
    }
  }
}

function assertFits(bytes: number): void {
  if (bytes <= mostTextBytes) return;
  throw new AikoError("RESULT_TOO_LARGE", {
    message: `A column would have ${bytes} bytes of text or list items, and holds ${mostTextBytes}`,
    hint: "Take fewer rows at once, in batches.",
  });
}

function spanOf({ offsets, length }: { readonly offsets: Int32Array; readonly length: number }): number {
  return (offsets[length] ?? 0) - (offsets[0] ?? 0);
}

function part(values: HostArray, start: number, end: number): HostArray {
  return (values as Uint8Array).subarray(start, end);
}

function rowsOf(columns: readonly { readonly length: number }[]): number {
  return columns.reduce((sum, { length }) => sum + length, 0);
}

function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >>> 3] ?? 0) & (1 << (row & 7))) !== 0;
}

function lengthAt({ offsets }: TextColumn, row: number): number {
  return (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
}

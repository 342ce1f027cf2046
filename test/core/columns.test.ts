import { describe, expect, it } from "vitest";
import { bitAt, copyBits, countBits, fillBits, makeBitmap, sliceBits } from "#src/core/bitmap.js";
import type { HostColumn, TextColumn } from "#src/core/column.js";
import { dictionaryColumn, nullColumn, schemaOf, textColumn } from "#src/core/column-make.js";
import { sliceColumn, sliceTable } from "#src/core/column-slice.js";
import { mergeDictionaries } from "#src/core/dictionary-merge.js";
import { encodeText } from "#src/core/text-encode.js";
import { concatColumns, concatTables, textOf } from "#src/data/concat.js";
import { encodeColumn } from "#src/data/encode.js";
import { contents, rowCounts, samples, sampleTable } from "../data/tables.js";
import { failure } from "../support/errors.js";
import { seeded } from "../support/random.js";

const text = (values: readonly string[]): TextColumn => {
  const parts = values.map((value) => Buffer.from(value));
  const offsets = new Int32Array(values.length + 1);
  for (const [at, { length }] of parts.entries()) offsets[at + 1] = (offsets[at] ?? 0) + length;
  return textColumn(offsets, Buffer.concat(parts));
};
const valuesIn = (column: HostColumn) =>
  contents({ names: ["a"], columns: [column], rows: column.length })[0];
const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("bitmaps", () => {
  it("are copied, counted and filled from any bit to any bit", () => {
    const random = seeded(1);
    const source = Uint8Array.from({ length: 16 }, () => random() * 256);
    for (let first = 0; first < 11; first++) {
      for (let at = 0; at < 11; at++) {
        for (const length of [0, 1, 7, 8, 9, 31, 64, 100]) {
          const target = makeBitmap(128).fill(0xaa);
          copyBits(source, first, target, at, length);
          for (let bit = 0; bit < 128; bit++) {
            const inside = bit >= at && bit < at + length;
            const expected = inside ? bitAt(source, first + bit - at) : bit % 2 === 1;
            if (bitAt(target, bit) !== expected) expect.fail(`bit ${bit} of ${first} to ${at}, ${length}`);
          }
          const filled = makeBitmap(128);
          fillBits(filled, at, length);
          expect([countBits(filled, 0, 128), countBits(filled, at, length)]).toEqual([length, length]);
        }
        const part = sliceBits(source, first, 100 - at);
        expect(countBits(part, 0, 100 - at)).toBe(countBits(source, first, 100 - at));
      }
    }
  });
});

describe("columns", () => {
  it("of every type are sliced and joined as arrays are", async () => {
    for (const rows of rowCounts) {
      const { table } = await sampleTable(rows + 40, rows + 7);
      const whole = contents(table);
      const parts = [sliceTable(table, 0, rows), sliceTable(table, rows, 3), sliceTable(table, rows + 3)];
      expect(contents(sliceTable(table, 5, rows))).toEqual(whole.map((values) => values.slice(5, 5 + rows)));
      const joined = await concatTables(parts);
      expect([joined.rows, schemaOf(joined)]).toEqual([table.rows, schemaOf(table)]);
      expect(contents(joined)).toEqual(whole);
      expect(contents(sliceTable(sliceTable(table, 3), 2, rows))).toEqual(
        contents(sliceTable(table, 5, rows)),
      );
    }
  });

  it("of text join with those of codes, and codes with other codes", async () => {
    const codes = (values: readonly string[]) => encodeColumn(text(values), { always: true });
    const [a, b] = await Promise.all([codes(["x", "b", "x"]), codes(["ü", "b", ""])]);
    if (a === undefined || b === undefined) expect.fail("no codes");
    const joined = await concatColumns([a, sliceColumn(b, 0, 2), a]);
    expect(joined.layout).toBe("dictionary");
    expect(valuesIn(joined)).toEqual(["x", "b", "x", "ü", "b", "x", "b", "x"]);
    const mixed = await concatColumns([a, text(["y", ""]), nullColumn({ kind: "utf8" }, 2)]);
    expect([mixed.layout, valuesIn(mixed)]).toEqual(["text", ["x", "b", "x", "y", "", null, null]]);
    expect(valuesIn(await textOf(b))).toEqual(["ü", "b", ""]);
    expect(valuesIn(await concatColumns([nullColumn({ kind: "utf8" }, 0)]))).toEqual([]);
  });

  it("of nulls exist for every type", () => {
    for (const [type] of samples) expect(valuesIn(nullColumn(type, 9))).toEqual(new Array(9).fill(null));
  });
});

describe("dictionaries", () => {
  it("hold distinct texts in the order of their bytes", async () => {
    const random = seeded(3);
    const pool = ["", "a", "aa", "\u0000", "ÿ", "日本", "🦜", "aaaaaaa1", "aaaaaaa2", "Z"];
    for (const rows of [0, 1, 33, 5000]) {
      const values = Array.from({ length: rows }, () => {
        const stem = pool[Math.floor(random() * pool.length)] ?? "";
        return rows > 1000 ? `${stem}${Math.floor(random() * 2000)}` : stem;
      });
      const column = await encodeColumn(text(values), { always: true });
      if (column === undefined) expect.fail("no codes");
      expect(valuesIn(column)).toEqual(values);
      expect(valuesIn(column.dictionary)).toEqual([...new Set(values)].sort(inBytes));
    }
  });

  it("are not made where texts do not repeat", async () => {
    const ids = text(Array.from({ length: 1000 }, (_, at) => `id ${at}`));
    expect(await encodeColumn(ids)).toBeUndefined();
    const codes = new Uint32Array(1000);
    expect(encodeText(ids.offsets, ids.bytes, undefined, codes, 999)).toBeUndefined();
    const late = text(Array.from({ length: 40_000 }, (_, at) => (at % 8 < 7 ? "same" : `id ${at}`)));
    expect((await encodeColumn(late))?.dictionary.length).toBe(5001);
  });

  it("merge, with the new code of each old one", async () => {
    const lists = [["a", "c"], [], ["a", "b", "é"], ["", "c"]];
    const { dictionary, codes } = await mergeDictionaries(lists.map(text));
    const merged = valuesIn(dictionary) ?? [];
    expect(merged).toEqual(["", "a", "b", "c", "é"]);
    expect(codes.map((list) => [...list].map((code) => merged[code]))).toEqual(lists);
    const one = dictionaryColumn(Uint32Array.of(0), text(["a"]));
    expect(valuesIn(one)).toEqual(["a"]);
  });
});

describe("text beyond 2 GiB", () => {
  it("is refused before memory is taken", async () => {
    const codes = new Uint32Array(1000);
    const long = dictionaryColumn(codes, text(["x".repeat(3 << 20)]));
    await failure(() => textOf(long), "RESULT_TOO_LARGE");
    const list = (items: number) => ({
      ...nullColumn({ kind: "list", item: { kind: "int8" } }, 1),
      offsets: Int32Array.of(0, items),
    });
    await failure(() => concatColumns([list(2 ** 31 - 1), list(1)] as HostColumn[]), "RESULT_TOO_LARGE");
  });
});

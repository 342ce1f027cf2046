import * as arrow from "apache-arrow";
import { describe, expect, it } from "vitest";
import type { HostTable } from "#src/core/column.js";
import { columnProblem } from "#src/core/column-check.js";
import { sliceTable } from "#src/core/column-slice.js";
import { typeText } from "#src/core/column-type.js";
import { decimalText } from "#src/core/decimal-text.js";
import type { ArrowTableLike, ArrowVector } from "#src/data/arrow/arrow-types.js";
import { tableFromArrow } from "#src/data/arrow/from-arrow.js";
import { tableToArrow } from "#src/data/arrow/to-arrow.js";
import { failure } from "../../support/errors.js";
import { contents, rowCounts, sampleTable, valuesOf } from "../tables.js";

const as = (value: unknown) => value as ArrowTableLike & ArrowVector;
const typesOf = ({ columns }: HostTable) => columns.map(({ type }) => typeText(type));

/** What apache-arrow says the values of a vector are. */
const valuesIn = (vector: arrow.Vector): unknown[] => Array.from(vector, (value) => plain(value));
const plain = (value: unknown): unknown =>
  value instanceof arrow.Vector ? valuesIn(value) : value instanceof Date ? value.getTime() : value;

const types: readonly (readonly [arrow.DataType, readonly unknown[], string])[] = [
  [new arrow.Bool(), [true, false], "bool"],
  [new arrow.Int8(), [-128, 127], "int8"],
  [new arrow.Int16(), [-32_768, 5], "int16"],
  [new arrow.Int32(), [-2_147_483_648, 5], "int32"],
  [new arrow.Int64(), [-(2n ** 63n), 2n ** 63n - 1n], "int64"],
  [new arrow.Uint8(), [0, 255], "uint8"],
  [new arrow.Uint16(), [0, 65_535], "uint16"],
  [new arrow.Uint32(), [0, 4_294_967_295], "uint32"],
  [new arrow.Uint64(), [0n, 2n ** 64n - 1n], "uint64"],
  [new arrow.Float16(), [0, -0.5, 65_504, 2 ** -24, Number.NaN, Number.NEGATIVE_INFINITY], "float32"],
  [new arrow.Float32(), [0, -0, Number.NaN, 1.5], "float32"],
  [new arrow.Float64(), [0, -0, Number.NaN, 0.1], "float64"],
  [new arrow.Utf8(), ["", "naïve", "日本語", "🦜"], "utf8"],
  [new arrow.LargeUtf8(), ["", "naïve", "x".repeat(30)], "utf8"],
  [new arrow.Utf8View(), ["", "naïve", "x".repeat(12), "y".repeat(13), "日本語".repeat(9)], "utf8"],
  [new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), ["b", "a", "ß", ""], "utf8"],
  [new arrow.Dictionary(new arrow.Utf8(), new arrow.Uint16()), ["b", "a"], "utf8"],
];

describe("from apache-arrow", () => {
  it.each(types.map(([type, values, text], at) => [String(type), type, values, text, at] as const))(
    "takes %s as it has it, in slices and several chunks",
    async (_, type, values, text, seed) => {
      for (const rows of rowCounts) {
        const make = (nulls: boolean, more: number) =>
          arrow.vectorFromArray(valuesOf(values, rows + more, seed + more, nulls), type as arrow.Utf8);
        const whole = make(true, 5);
        const vectors = [
          make(false, 0),
          make(true, 0),
          whole.slice(3, 3 + rows),
          rows === 0 ? whole : whole.slice(1, rows).concat(make(true, 2), make(false, 1)),
        ];
        for (const vector of vectors) {
          const table = await tableFromArrow(as(vector));
          expect(typesOf(table)).toEqual([text]);
          expect(contents(table)).toEqual([valuesIn(vector)]);
        }
      }
    },
  );

  it("takes tables, chosen columns, and record batches", async () => {
    const table = arrow.tableFromArrays({ a: Float64Array.of(1, 2, 3), b: ["x", "y", "x"] });
    expect(contents(await tableFromArrow(as(table)))).toEqual([
      [1, 2, 3],
      ["x", "y", "x"],
    ]);
    const [batch] = table.batches;
    const chosen = await tableFromArrow(as(batch), { columns: ["b"] });
    expect([chosen.names, contents(chosen)]).toEqual([["b"], [["x", "y", "x"]]]);
    const error = await failure(() => tableFromArrow(as(table), { columns: ["aa"] }), "INVALID_ARGUMENT");
    expect(error.hint).toBe('Did you mean "a"?');
  });

  it("shares memory where the layout is the same", async () => {
    const numbers = Float64Array.of(1, 2, 3, 4);
    const table = await tableFromArrow(as(arrow.makeVector(numbers).slice(1, 3)));
    const [column] = table.columns;
    expect(column?.layout === "fixed" && column.values.buffer === numbers.buffer).toBe(true);
  });

  it("takes times, decimals, durations, lists and nulls", async () => {
    const list = (type: arrow.DataType) => new arrow.Field("item", type);
    const decimals = (scale: number, precision: number, words: bigint[]) =>
      new arrow.Vector([
        arrow.makeData({
          type: new arrow.Decimal(scale, precision, 128),
          length: words.length / 2,
          data: new Uint32Array(BigInt64Array.from(words).buffer),
        }),
      ]);
    const int64s = (type: arrow.DataType, values: bigint[]) =>
      new arrow.Vector([
        arrow.makeData({ type, length: values.length, data: BigInt64Array.from(values) } as never),
      ]);
    const columns: [arrow.Vector, string, unknown[]][] = [
      [
        arrow.vectorFromArray([new Date("2024-02-29"), null], new arrow.DateDay()),
        "date",
        [new Date("2024-02-29"), null],
      ],
      [
        arrow.vectorFromArray([new Date("1969-12-31"), null], new arrow.DateMillisecond()),
        "date",
        [new Date("1969-12-31"), null],
      ],
      [int64s(new arrow.TimestampSecond(), [-1n, 5n]), "timestamp(s)", [new Date(-1000), new Date(5000)]],
      [
        int64s(new arrow.Timestamp(2, "Asia/Tokyo"), [-1000n, 5000n]),
        "timestamp(us, Asia/Tokyo)",
        [new Date(-1), new Date(5)],
      ],
      [int64s(new arrow.DurationNanosecond(), [-1n, 5n]), "duration(ns)", [-1n, 5n]],
      [decimals(2, 12, [-150n, -1n, 7n, 0n]), "decimal(12, 2)", ["-1.50", "0.07"]],
      [decimals(0, 38, [0n, 1n, -1n, -2n]), "decimal(38, 0)", [String(2n ** 64n), String(-(2n ** 64n) - 1n)]],
      [
        arrow.vectorFromArray([[1, 2], [], null, [3]], new arrow.List(list(new arrow.Int32()))),
        "list(int32)",
        [[1, 2], [], null, [3]],
      ],
      [
        arrow.vectorFromArray([["a", null], ["ü"]], new arrow.List(list(new arrow.Utf8()))),
        "list(utf8)",
        [["a", null], ["ü"]],
      ],
      [
        arrow.vectorFromArray([[1, 2], [3, 4], null], new arrow.FixedSizeList(2, list(new arrow.Float32()))),
        "list(float32)",
        [[1, 2], [3, 4], null],
      ],
      [
        new arrow.Vector([
          arrow.makeData({
            type: new arrow.LargeList(list(new arrow.Int32())),
            length: 3,
            valueOffsets: BigInt64Array.of(1n, 1n, 3n, 4n),
            child: arrow.makeData({ type: new arrow.Int32(), length: 4, data: Int32Array.of(9, 1, 2, 3) }),
          } as never),
        ]),
        "list(int32)",
        [[], [1, 2], [3]],
      ],
      [
        new arrow.Vector([
          arrow.makeData({
            type: new arrow.Decimal(1, 9, 32),
            length: 2,
            data: Uint32Array.of(15, 0xffff_ffff),
          }),
        ]),
        "decimal(9, 1)",
        ["1.5", "-0.1"],
      ],
      [
        new arrow.Vector([
          arrow.makeData({
            type: new arrow.Decimal(1, 18, 64),
            length: 1,
            data: Uint32Array.of(15, 0xffff_ffff),
          }),
        ]),
        "decimal(18, 1)",
        [decimalText(-(2n ** 32n) + 15n, 1)],
      ],
      [arrow.vectorFromArray([null, null], new arrow.Null()), "int32", [null, null]],
    ];
    for (const [vector, type, values] of columns) {
      const table = await tableFromArrow(as(vector));
      expect([typesOf(table), contents(table)]).toEqual([[type], [values]]);
      const part = await tableFromArrow(as(vector.slice(1, 2)));
      expect(contents(part)).toEqual([values.slice(1, 2)]);
      const twice = await tableFromArrow(as(vector.concat(vector)));
      expect(contents(twice)).toEqual([[...values, ...values]]);
    }
  });

  it("unifies dictionaries that differ, sorted, without nulls and repetitions", async () => {
    const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
    const dictionary = arrow.vectorFromArray(["b", null, "a", "b"], new arrow.Utf8());
    const odd = new arrow.Vector([
      arrow.makeData({ type, length: 5, data: Int32Array.of(0, 1, 2, 3, 0), dictionary } as never),
    ]);
    const table = await tableFromArrow(as(odd.concat(arrow.vectorFromArray(["c", "a"], type) as never)));
    expect(contents(table)).toEqual([["b", null, "a", "b", "b", "c", "a"]]);
    const [column] = table.columns;
    if (column?.layout !== "dictionary") expect.fail("not a dictionary");
    expect(contents({ names: ["d"], columns: [column.dictionary], rows: 3 })).toEqual([["a", "b", "c"]]);
  });

  it("refuses what columns do not hold, and what is damaged", async () => {
    const table = (columns: Record<string, arrow.Vector>) => as(new arrow.Table(columns));
    const binary = table({ blob: arrow.vectorFromArray([new Uint8Array(2)], new arrow.Binary()) });
    const error = await failure(() => tableFromArrow(binary), "UNSUPPORTED");
    expect(error.message).toContain('"blob" holds bytes');
    const make = (type: arrow.DataType, length: number, rest: object) =>
      as(new arrow.Vector([arrow.makeData({ type, length, ...rest } as never)]));
    const text = (offsets: number[], bytes: number[]) =>
      make(new arrow.Utf8(), offsets.length - 1, {
        valueOffsets: Int32Array.from(offsets),
        data: Uint8Array.from(bytes),
      });
    const dictionary = arrow.vectorFromArray(["a"], new arrow.Utf8());
    const damaged: [ArrowVector, string][] = [
      [text([0, 2], [0xc3, 0x28]), "row 0 of a chunk"],
      [text([0, 1, 2], [0xc3, 0xa4]), "row 1"],
      [text([0, 3, 1], [65, 65, 65]), "run backwards, from 3 to 1"],
      [text([0, 9], [65]), "to 9 of 1"],
      [
        make(new arrow.Int32(), 5, { data: Int32Array.of(1) }),
        "has 4 bytes of values where its rows take 20",
      ],
      [
        make(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), 2, {
          data: Int32Array.of(0, 7),
          dictionary,
        }),
        'row 1 of a chunk of "values" has the code 7',
      ],
      [
        make(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), 1, {
          data: Int32Array.of(-1),
          dictionary,
        }),
        "has the code -1",
      ],
      [make(new arrow.Decimal(0, 5, 128), 1, { data: Uint32Array.of(0, 0, 1, 0) }), "more digits"],
      [as(arrow.vectorFromArray([new Date(1)], new arrow.DateMillisecond())), "time of day"],
    ];
    for (const [vector, message] of damaged) {
      const failed = await failure(() => tableFromArrow(vector), "INVALID_VALUE");
      expect(failed.message).toContain(message);
    }
    await failure(() => tableFromArrow(as({ rows: [] })), "INVALID_ARGUMENT");
    const field = new arrow.Field("a", new arrow.Int32());
    const twice = { numRows: 0, schema: { fields: [field, field] }, getChildAt: () => null };
    await failure(() => tableFromArrow(as(twice)), "INVALID_ARGUMENT");
  });
});

describe("to apache-arrow", () => {
  it("gives tables that apache-arrow reads, and that come back", async () => {
    for (const rows of rowCounts) {
      const { table } = await sampleTable(rows + 3, rows + 50);
      const slice = sliceTable(table, 3, rows);
      const out = await tableToArrow(slice);
      const back = await tableFromArrow(as(out));
      expect(typesOf(back)).toEqual(typesOf(slice));
      expect(contents(back)).toEqual(contents(slice));
      const expected = contents(slice);
      for (const [at, { type }] of slice.columns.entries()) {
        if (!["int64", "uint64", "float64", "utf8", "bool", "int8", "list"].includes(type.kind)) continue;
        expect(valuesIn(out.getChildAt(at) as arrow.Vector)).toEqual(expected[at]);
      }
      const ipc = arrow.tableFromIPC(arrow.tableToIPC(out, "stream"));
      expect(contents(await tableFromArrow(as(ipc)))).toEqual(expected);
    }
  });

  it("keeps dictionaries, and well-formed columns", async () => {
    const vector = arrow.vectorFromArray(["b", "a", null, "b"]);
    const table = await tableFromArrow(as(vector));
    const out = await tableToArrow(table);
    expect(String(out.schema.fields[0]?.type)).toBe("Dictionary<Int32, Utf8>");
    expect(valuesIn(out.getChildAt(0) as arrow.Vector)).toEqual(["b", "a", null, "b"]);
    expect(table.columns.map(columnProblem)).toEqual([undefined]);
  });
});

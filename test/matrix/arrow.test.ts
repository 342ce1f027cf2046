import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as arrow from "apache-arrow";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AnyMatrix,
  type ArrowTable,
  fromArrow,
  Matrix,
  readArrow,
  toArrow,
  writeArrow,
} from "#src/matrix/index.js";
import { failure } from "../support/errors.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-arrow-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `${count++}.arrow`);

const as = (value: unknown) => value as ArrowTable;
const table = (columns: Record<string, unknown>) =>
  as(arrow.tableFromArrays(columns as Record<string, number[]>));

const lists = (rows: readonly (readonly (number | null)[])[]) =>
  arrow.vectorFromArray(
    rows as unknown as arrow.Vector[],
    new arrow.FixedSizeList(3, new arrow.Field("item", new arrow.Float32())),
  );

describe("from Arrow", () => {
  it("makes columns of numeric columns, converted to f32", async () => {
    const source = table({
      a: Float32Array.of(1, 2, 3),
      b: Int32Array.of(4, -5, 6),
      c: BigInt64Array.of(7n, 8n, 9n),
    });
    const matrix = await fromArrow(source);
    expect(await matrix.toArray()).toEqual([
      [1, 4, 7],
      [2, -5, 8],
      [3, 6, 9],
    ]);
    const [first] = (source as unknown as arrow.Table).batches;
    expect(await (await fromArrow(as(first), { columns: ["c", "a"] })).toArray()).toEqual([
      [7, 1],
      [8, 2],
      [9, 3],
    ]);
  });

  it("makes rows of lists of fixed size, and a column of a vector", async () => {
    const vector = lists([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await (await fromArrow(as(vector))).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const named = new arrow.Table({ embedding: vector });
    expect((await fromArrow(as(named))).shape).toEqual([2, 3]);
    const single = arrow.vectorFromArray([1, 2, 3], new arrow.Float64());
    expect(await (await fromArrow(as(single), { dtype: "stored" })).read()).toEqual(Float64Array.of(1, 2, 3));
  });

  it("understands slices and several batches", async () => {
    const numbers = Float32Array.from({ length: 100 }, (_, at) => at);
    const flags = arrow.vectorFromArray(
      Array.from(numbers, (value) => value % 3 === 0),
      new arrow.Bool(),
    );
    const whole = new arrow.Table({ n: arrow.makeVector(numbers), f: flags });
    const part = whole.slice(13, 40).concat(whole.slice(70, 75));
    const matrix = await fromArrow(as(part));
    const rows = [...numbers.subarray(13, 40), ...numbers.subarray(70, 75)];
    expect(await matrix.toArray()).toEqual(rows.map((value) => [value, value % 3 === 0 ? 1 : 0]));
    const vector = lists(Array.from({ length: 20 }, (_, row) => [row, row + 0.5, -row]));
    expect(await (await fromArrow(as(vector.slice(5, 7)))).toArray()).toEqual([
      [5, 5.5, -5],
      [6, 6.5, -6],
    ]);
  });

  it("keeps the type where it is asked to", async () => {
    const matrix = await fromArrow(table({ a: BigInt64Array.of(2n ** 60n), b: BigInt64Array.of(-1n) }), {
      dtype: "stored",
    });
    expect(matrix.dtype).toBe("i64");
    expect(await matrix.read()).toEqual(BigInt64Array.of(2n ** 60n, -1n));
  });

  it.each<[string, unknown, string, object]>([
    ["nulls", arrow.tableFromArrays({ a: [1, null, 3] }), '"a" has nulls', {}],
    ["text", arrow.tableFromArrays({ a: ["x", "y"] }), '"a" holds dictionary-encoded', {}],
    [
      "long text",
      new arrow.Table({ t: arrow.vectorFromArray(["x"], new arrow.Utf8()) }),
      '"t" holds text',
      {},
    ],
    ["dates", arrow.tableFromArrays({ a: [new Date(0)] }), '"a" holds', {}],
    ["lists that vary", new arrow.Table({ l: arrow.vectorFromArray([[1], [2, 3]]) }), "varying length", {}],
    ["lists with nulls", new arrow.Table({ l: lists([[1, null, 3]]) }), '"l" has nulls', {}],
    [
      "lists beside numbers",
      new arrow.Table({ n: arrow.vectorFromArray([1]), l: lists([[1, 2, 3]]) }),
      '"l"',
      {},
    ],
    ["an integer without an f32", arrow.tableFromArrays({ a: Int32Array.of(1, 16777217) }), "Row 1 of", {}],
    ["a number beyond f32", arrow.tableFromArrays({ a: Float64Array.of(1e300) }), "beyond the range", {}],
    ["an unknown column", arrow.tableFromArrays({ price: [1] }), '"prize"', { columns: ["prize"] }],
    [
      "mixed types",
      arrow.tableFromArrays({ a: Float32Array.of(1), b: Int32Array.of(1) }),
      '"b" is i32 where "a" is f32',
      { dtype: "stored" },
    ],
    [
      "columns of unequal length",
      {
        schema: { fields: [{ name: "a" }, { name: "b" }] },
        getChildAt: (at: number) => arrow.makeVector(new Float32Array(at + 1)),
      },
      '"b" has 2 rows where "a" has 1',
      {},
    ],
    ["no columns", arrow.tableFromArrays({}), "no column", {}],
    ["something else", { a: 1 }, "Expected a table", {}],
    ["null", null, "Expected a table", {}],
  ])("refuses %s", async (_, source, message, options) => {
    const error = await failure(() => fromArrow(as(source), options), "INVALID_ARGUMENT");
    expect(error.message).toContain(message);
  });
});

describe("to Arrow and back", () => {
  const matrices: readonly AnyMatrix[] = [
    Matrix.from(Float32Array.of(1, -0, Number.NaN, Infinity, 5, 6), [2, 3]),
    Matrix.from(Float64Array.of(1e300, 2), [1, 2], "f64"),
    Matrix.from(Uint16Array.of(0x3c00, 0xc248), [2, 1], "f16"),
    Matrix.from(BigInt64Array.of(-(2n ** 63n), 1n), [2, 1], "i64"),
    Matrix.from(BigUint64Array.of(2n ** 64n - 1n), [1, 1], "u64"),
    Matrix.from(Int32Array.of(-5, 6), [2, 1], "i32"),
    Matrix.from(Uint32Array.of(2 ** 32 - 1), [1, 1], "u32"),
    Matrix.from(Int16Array.of(-5), [1, 1], "i16"),
    Matrix.from(Uint16Array.of(65535), [1, 1], "u16"),
    Matrix.from(Int8Array.of(-128), [1, 1], "i8"),
    Matrix.from(Uint8Array.of(255), [1, 1], "u8"),
    Matrix.from(
      Uint8Array.from({ length: 70 }, (_, at) => (at % 3) & 1),
      [35, 2],
      "bool",
    ),
    Matrix.from(new Float32Array(0), [0, 2]),
  ];

  it.each(matrices.map((matrix) => [`${matrix.shape.join("x")} ${matrix.dtype}`, matrix] as const))(
    "%s",
    async (_, matrix) => {
      const values = await matrix.read();
      const back = await fromArrow(as(await toArrow(matrix)), { dtype: "stored" });
      expect([back.dtype, back.shape]).toEqual([matrix.dtype, matrix.shape]);
      expect(await back.read()).toEqual(values);
      for (const format of ["file", "stream"] as const) {
        for (const options of [{}, { rows: "row" }]) {
          const path = fresh();
          await writeArrow(path, matrix, { ...options, format });
          const read = await readArrow(path, { dtype: "stored" });
          expect([read.dtype, read.shape]).toEqual([matrix.dtype, matrix.shape]);
          expect(await read.read()).toEqual(values);
        }
      }
    },
  );

  it("names columns, and nests lists for batches", async () => {
    const named = await toArrow(Matrix.from([[1, 2]]), { columns: ["x", "y"] });
    expect(named.toArray().map((row) => row.toJSON())).toEqual([{ x: 1, y: 2 }]);
    const batch = Matrix.from(
      Float32Array.from({ length: 24 }, (_, at) => at),
      [2, 3, 4],
    );
    const back = await fromArrow(as(await toArrow(batch, { rows: "image" })));
    expect(back.shape).toEqual([2, 3, 4]);
    expect(await back.read()).toEqual(await batch.read());
  });

  it("refuses what has no columns, names that do not fit, and bf16", async () => {
    const batch = Matrix.zeros([2, 2, 2]);
    expect((await failure(() => toArrow(batch), "INVALID_ARGUMENT")).hint).toContain("rows");
    const one = Matrix.from([[1, 2]]);
    await failure(() => toArrow(one, { columns: ["x"] }), "INVALID_ARGUMENT");
    await failure(() => toArrow(one, { columns: ["x", "x"] }), "INVALID_ARGUMENT");
    await failure(() => toArrow(Matrix.from(Uint16Array.of(1), [1, 1], "bf16")), "UNSUPPORTED");
  });
});

describe("Arrow files that are none", () => {
  const written = async () => {
    const path = fresh();
    await writeArrow(path, Matrix.from([[1, 2, 3]]));
    return readFileSync(path);
  };
  it.each<[string, (file: Buffer) => Buffer]>([
    ["an empty file", () => Buffer.alloc(0)],
    ["another format", () => Buffer.from("PK\x03\x04 not arrow at all, and longer than a header")],
    ["a truncated file", (file) => file.subarray(0, 200)],
    ["garbage behind the magic", (file) => Buffer.concat([file.subarray(0, 8), Buffer.alloc(400, 0x77)])],
  ])("%s", async (_, change) => {
    const path = fresh();
    writeFileSync(path, change(await written()));
    const error = await failure(() => readArrow(path), "INVALID_FILE");
    expect(error.message).toContain(path);
  });

  it("a missing file", async () => {
    await failure(() => readArrow(join(folder, "none.arrow")), "FILE_NOT_FOUND");
  });
});

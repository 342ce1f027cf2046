import { describe, expect, it } from "vitest";
import { Matrix, type Shape } from "#src/matrix/index.js";
import { failure } from "../support/errors.js";

describe("a matrix", () => {
  it("uses a Float32Array without a copy and converts the rest", async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect(await Matrix.from(data, [2, 2]).read()).toBe(data);
    for (const source of [Float64Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 3, 4), [1, 2, 3, 4]]) {
      expect(await Matrix.from(source, [2, 2]).read()).toEqual(data);
    }
  });

  it("goes to nested arrays and back", async () => {
    const rows = [[[1, 2, 3]], [[4, 5, 6]]];
    const matrix = Matrix.from(rows);
    expect(matrix.shape).toEqual([2, 1, 3]);
    expect([matrix.rows, matrix.columns, matrix.location]).toEqual([1, 3, "host"]);
    expect(await matrix.toArray()).toEqual(rows);
    expect(await Matrix.from([Float32Array.of(1, 2), Float32Array.of(3, 4)] as never).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(Matrix.from([]).shape).toEqual([0]);
    expect(await Matrix.from([1, 2]).toArray()).toEqual([1, 2]);
    expect(Matrix.from([[], []]).shape).toEqual([2, 0]);
  });

  it("keeps NaN, infinities and -0", async () => {
    const data = await Matrix.from([[Number.NaN, Infinity, -Infinity, -0]]).read();
    expect(Array.from(data)).toEqual([Number.NaN, Infinity, -Infinity, -0]);
  });

  it.each([
    ["ragged rows", () => Matrix.from([[1, 2], [3, 4], [5]]), "Row 2 has 1 entries where the first has 2"],
    ["a ragged batch", () => Matrix.from([[[1]], [[1], [2]]]), "Batch item 1 has 2 entries"],
    ["a ragged row in a batch", () => Matrix.from([[[1]], [[1, 2]]]), "In batch item 1, row 0 has 2 entries"],
    ["a row that is a number", () => Matrix.from([[1], 2] as never), "Row 1 is a number, not an array"],
    ["text", () => Matrix.from([[1, "2"]] as never), "Row 0, column 1, is a string, not a number"],
    ["a hole", () => Matrix.from([[1, undefined]] as never), "Row 0, column 1, is undefined"],
    [
      "a row that is a batch",
      () => Matrix.from([[1, [2]]] as never),
      "Row 0, column 1, is an array, not a number",
    ],
    [
      "a number beyond f32",
      () => Matrix.from([[1e39]]),
      "Row 0, column 0, is 1e+39, beyond the range of f32",
    ],
    ["one in a typed array", () => Matrix.from(Float64Array.of(0, -1e300), [1, 2]), "Entry 1 is -1e+300"],
    [
      "a shape the data does not fill",
      () => Matrix.from(new Float32Array(5), [2, 3]),
      "5 numbers do not fill a 2x3",
    ],
    ["a shape that is a number", () => Matrix.from(new Float32Array(5), 5 as unknown as Shape), "shape [5]"],
    ["an unknown type", () => Matrix.from(new Float32Array(1), [1], "f128" as "f32"), 'type "f128"'],
    [
      "another type's array",
      () => Matrix.from(new Float32Array(1) as unknown as Float64Array, [1], "f64"),
      "from a Float64Array",
    ],
    ["a negative size", () => Matrix.zeros([-1, 2]), "shape [-1, 2]"],
    ["a fraction", () => Matrix.zeros([1.5, 2]), "shape [1.5, 2]"],
    ["nothing", () => Matrix.from(undefined as never), "a matrix of undefined"],
    ["null", () => Matrix.from(null as never), "a matrix of null"],
    ["64-bit integers", () => Matrix.from(BigInt64Array.of(1n) as never, [1, 1]), "Entry 0 is a bigint"],
    ["more memory than there is", () => Matrix.zeros([2 ** 25, 2 ** 25]), "host memory"],
  ])("refuses %s", async (_, make, message) => {
    const code = message === "host memory" ? "OUT_OF_MEMORY" : "INVALID_ARGUMENT";
    expect((await failure(make, code)).message).toContain(message);
  });
});

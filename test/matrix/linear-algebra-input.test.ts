import { afterAll, describe, expect, it } from "vitest";
import { bindMatrix, Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { identityOf } from "../kernels/linalg-support.js";
import { failure } from "../support/errors.js";

const runtime = new Runtime({ adapters: async () => [] });
const gpu = bindMatrix(runtime);

afterAll(() => runtime.dispose());

describe("what linear algebra is given", () => {
  it("takes matrices of no rows, no columns, no items", async () => {
    const empty = (...shape: number[]) => Matrix.from(new Float32Array(), shape);
    expect((await gpu.solve(empty(0, 0), empty(0, 3))).shape).toEqual([0, 3]);
    expect((await gpu.solve(empty(0, 2, 2), empty(0, 2, 1))).shape).toEqual([0, 2, 1]);
    expect([...(await (await gpu.determinant(empty(0, 0))).read())]).toEqual([1]);
    expect((await gpu.cholesky(empty(0, 0))).shape).toEqual([0, 0]);
    const { q, r } = await gpu.qr(empty(3, 0), { mode: "complete" });
    expect([q?.shape, r.shape]).toEqual([
      [3, 3],
      [3, 0],
    ]);
    expect([...((await q?.read()) ?? [])]).toEqual([...identityOf(3)]);
    const { u, s, vt } = await gpu.svd(empty(0, 2), { full: true });
    expect([u?.shape, s.shape, vt?.shape]).toEqual([[0, 0], [0], [2, 2]]);
    expect([...((await vt?.read()) ?? [])]).toEqual([1, 0, 0, 1]);
    expect([...(await (await gpu.matrixNorm(empty(0, 4))).read())]).toEqual([0]);
    expect((await gpu.eigh(empty(2, 0, 0))).values.shape).toEqual([2, 0]);
    expect((await gpu.leastSquares(empty(0, 2), empty(0, 1))).x.shape).toEqual([2, 1]);
  });

  it("refuses shapes and types that do not go together, naming them", async () => {
    const [square, wide] = [Matrix.zeros([3, 3]), Matrix.zeros([2, 3])];
    const message = async (work: () => unknown) => (await failure(work, "INVALID_ARGUMENT")).message;
    expect(await message(() => gpu.solve(wide, square))).toBe("solve: a is 2x3, not square");
    expect(await message(() => gpu.solve(square, wide))).toContain("a is 3x3 and b 2x3");
    expect(await message(() => gpu.solve(Matrix.zeros([2, 3, 3]), Matrix.zeros([4, 3, 1])))).toContain(
      "their batches differ",
    );
    expect(await message(() => gpu.cholesky(wide))).toContain("cholesky: a is 2x3");
    expect(await message(() => gpu.svd(Matrix.zeros([3])))).toContain("the shape [3]");
    const integers = Matrix.from(new Int32Array(4), [2, 2], "i32");
    expect(await message(() => gpu.eigh(integers as unknown as Matrix))).toContain("holds i32");
    const double = Matrix.from(new Float64Array(9), [3, 3], "f64");
    expect(await message(() => gpu.solve(square, double as unknown as Matrix))).toContain(
      "a holds f32 and b f64",
    );
    expect(await message(() => gpu.qr(square, { mode: "full" as "complete" }))).toContain('no mode "full"');
    expect(await message(() => gpu.matrixNorm(square, "spectral" as "nuclear"))).toContain("spectral");
    expect(await message(() => gpu.svd(7 as unknown as Matrix))).toContain("a is number");
    expect(await message(() => gpu.matrixRank(square, { tolerance: -1 }))).toContain("tolerance is -1");
  });
});

import { describe, expect, it } from "vitest";
import { bindMatrix, Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

const values = (count: number, seed: number) =>
  Array.from({ length: count }, (_, at) => ((at * 7 + seed) % 11) - 5);

/** alpha * a^T * b + beta * c of whole numbers: exact in every type. */
async function check(runtime: Runtime, dtype: "f64" | "f16" | "bf16"): Promise<void> {
  const gpu = bindMatrix(runtime);
  const [batch, m, n, k] = [2, 5, 7, 3];
  const [x, y, z] = [values(batch * k * m, 1), values(k * n, 2), values(m * n, 3)];
  const of = (data: readonly number[], shape: number[]) => gpu.cast(Matrix.from([...data], shape), dtype);
  const [a, b, c] = [of(x, [batch, k, m]), of(y, [k, n]), of(z, [m, n])];
  const options = { transposeA: true, alpha: 2, beta: -1, c };
  const product = await gpu.multiply(a, b, options);
  expect([product.dtype, product.shape]).toEqual([dtype, [batch, m, n]]);
  const want = Array.from({ length: batch * m * n }, (_, at) => {
    const [item, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    let sum = -(z[row * n + column] ?? 0);
    for (let p = 0; p < k; p++) sum += 2 * (x[(item * k + p) * m + row] ?? 0) * (y[p * n + column] ?? 0);
    return sum;
  });
  expect(Array.from(await gpu.cast(product, "f32").read())).toEqual(want);
  const zero = await gpu.multiply(a, b, { transposeA: true, alpha: 0 });
  expect(Array.from(await gpu.cast(zero, "f32").read())).toEqual(new Array(batch * m * n).fill(0));
  const none = await gpu.multiply(of([], [2, 0]), of([], [0, 3]));
  expect(Array.from(await gpu.cast(none, "f32").read())).toEqual(new Array(6).fill(0));
}

onEveryDevice(
  "products of other types",
  (adapter) => {
    it.for(["f64", "f16", "bf16"] as const)("%s", async (dtype, { skip }) => {
      if (dtype === "f64" && !adapter.features.has("f64")) skip("the device has no f64");
      await using runtime = new Runtime({ adapters: async () => [adapter], placement: "gpu", strict: true });
      await check(runtime, dtype);
    });
  },
  { computing: true },
);

describe("products of other types on the host", () => {
  it.each(["f64", "f16", "bf16"] as const)("%s", async (dtype) => {
    await using runtime = new Runtime({ adapters: async () => [] });
    await check(runtime, dtype);
  });

  it("keep the digits of f64, and take no integers and no two types", async () => {
    await using runtime = new Runtime({ adapters: async () => [] });
    const gpu = bindMatrix(runtime);
    const wide = Matrix.from(Float64Array.of(1 + 2 ** -40, 1), [1, 2], "f64");
    const product = await gpu.multiply(wide, gpu.transpose(wide));
    expect(await product.toArray()).toEqual([[(1 + 2 ** -40) ** 2 + 1]]);
    const whole = gpu.cast(wide, "i32");
    await failure(() => gpu.multiply(whole as never, whole as never), "INVALID_ARGUMENT");
    const error = await failure(() => gpu.multiply(wide, [[1], [2]] as never), "INVALID_ARGUMENT");
    expect(error.message).toMatch("b holds f32 and a f64");
  });
});

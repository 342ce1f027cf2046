import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Device, MatrixProduct } from "#src/device/device.js";
import { failure } from "../../support/errors.ts";
import { seeded } from "../../support/random.ts";
import { cudaAdapter, cudaControl, whyNoCuda } from "./fake.ts";

type Sizes = Pick<MatrixProduct, "m" | "n" | "k" | "batch" | "transposeA" | "transposeB" | "alpha" | "beta">;

function oracle(sizes: Sizes, shared: boolean, a: Float64Array, b: Float64Array, c: Float64Array) {
  const { m, n, k, batch, transposeA, transposeB, alpha, beta } = sizes;
  const out = new Float64Array(batch * m * n);
  for (let item = 0; item < batch; item++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const x = a[item * m * k + (transposeA ? l * m + i : i * k + l)] ?? 0;
          const y = b[(shared ? 0 : item * k * n) + (transposeB ? j * k + l : l * n + j)] ?? 0;
          sum += x * y;
        }
        const at = item * m * n + i * n + j;
        out[at] = alpha * sum + (beta === 0 ? 0 : beta * (c[at] ?? 0));
      }
  return out;
}

describe.skipIf(whyNoCuda !== undefined)(`matrix products by cuBLAS: ${whyNoCuda ?? "a fake one"}`, () => {
  let device: Device;

  beforeEach(async () => {
    cudaControl().clear();
    device = await cudaAdapter().open({ cacheDirectory: false });
  });

  afterEach(async () => {
    await device.dispose();
    expect(cudaControl().stats()).toMatchObject({ contexts: 0, allocations: 0, pinned: 0 });
    expect(cudaControl().blasHandles()).toBe(0);
  });

  const base = { m: 3, n: 5, k: 7, batch: 1, transposeA: false, transposeB: false, alpha: 1, beta: 0 };
  const cases: readonly (readonly [string, Sizes, boolean])[] = [
    ["one", base, false],
    ["a transposed", { ...base, transposeA: true }, false],
    ["b transposed", { ...base, transposeB: true, alpha: -0.5 }, false],
    ["both transposed, added to c", { ...base, transposeA: true, transposeB: true, beta: 2 }, false],
    ["a batch", { ...base, batch: 4, beta: -1 }, false],
    ["a batch with one b", { ...base, batch: 4, m: 2, transposeB: true }, true],
    ["nothing to sum up", { ...base, k: 0, beta: 3 }, false],
  ];

  it.each(cases)("are right: %s", async (_, sizes, shared) => {
    const next = seeded(sizes.m + sizes.batch);
    const { m, n, k, batch, beta } = sizes;
    const random = (length: number) => Float64Array.from({ length }, () => next() * 2 - 1);
    const [a, b, c] = [random(batch * m * k), random((shared ? 1 : batch) * k * n), random(batch * m * n)];
    for (const type of ["f32", "f64"] as const) {
      const stored = (data: Float64Array) => {
        const typed = type === "f64" ? data : Float32Array.from(data);
        const buffer = device.allocate(typed.byteLength);
        device.write(buffer, typed);
        return buffer;
      };
      const out = device.allocate(batch * m * n * (type === "f64" ? 8 : 4));
      for (let repeat = 0; repeat < 2; repeat++)
        device.blas?.multiply({
          ...sizes,
          type,
          a: stored(a),
          b: stored(b),
          c: beta === 0 ? undefined : stored(c),
          out,
          strideA: m * k,
          strideB: shared ? 0 : k * n,
          strideC: m * n,
        });
      const bytes = await device.read(out);
      const result = type === "f64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
      const expected = oracle(sizes, shared, a, b, c);
      expect(result.length).toBe(expected.length);
      for (const [at, value] of result.entries()) expect(value).toBeCloseTo(expected[at] ?? 0, 5);
    }
    expect(cudaControl().stats()).toMatchObject({ races: [], faults: [] });
  });

  const product = (device: Device, change: Partial<MatrixProduct> = {}): MatrixProduct => ({
    ...base,
    type: "f32",
    a: device.allocate(3 * 7 * 4),
    b: device.allocate(7 * 5 * 4),
    out: device.allocate(3 * 5 * 4),
    strideA: 0,
    strideB: 0,
    strideC: 0,
    ...change,
  });

  it("refuse what does not fit", async () => {
    const { blas } = device;
    const same = device.allocate(4096);
    for (const change of [
      { a: device.allocate(4) },
      { out: device.allocate(4) },
      { batch: 2 },
      { batch: 2, out: device.allocate(119) },
      { beta: 1 },
      { c: device.allocate(60) },
      { m: -1 },
      { k: 0.5 },
      { a: same, out: same },
    ])
      await failure(() => blas?.multiply(product(device, change)), "INVALID_ARGUMENT");
    const disposed = device.allocate(60);
    disposed.dispose();
    await failure(() => blas?.multiply(product(device, { out: disposed })), "BUFFER_DISPOSED");
    blas?.multiply(product(device, { m: 0 }));
    await device.wait();
  });

  it("add one c to every item, or items of c that lie apart", async () => {
    const sizes = { ...base, m: 1, n: 3, k: 1, batch: 3, beta: 1 };
    const stored = (...values: number[]) => {
      const buffer = device.allocate(values.length * 4);
      device.write(buffer, Float32Array.from(values));
      return buffer;
    };
    const [a, b, out] = [stored(1, 10, 100), stored(1, 2, 3), device.allocate(36)];
    const c = stored(1000, 2000, 3000, 0, 4000, 5000, 6000, 0, 7000, 8000, 9000);
    const result = async (strideC: number) => {
      device.blas?.multiply({ ...sizes, type: "f32", a, b, c, out, strideA: 1, strideB: 0, strideC });
      return [...new Float32Array((await device.read(out)).buffer)];
    };
    expect(await result(0)).toEqual([1001, 2002, 3003, 1010, 2020, 3030, 1100, 2200, 3300]);
    expect(await result(4)).toEqual([1001, 2002, 3003, 4010, 5020, 6030, 7100, 8200, 9300]);
    expect(cudaControl().stats()).toMatchObject({ races: [], faults: [] });
  });

  it("stay in order with kernels and are timed", async () => {
    const timer = device.timer();
    const a = device.allocate(3 * 7 * 4);
    device.write(a, new Float32Array(21).fill(1));
    const b = device.allocate(7 * 5 * 4);
    device.write(b, new Float32Array(35).fill(2));
    const work = product(device, { a, b });
    device.blas?.multiply(work, { timer });
    device.write(a, new Float32Array(21).fill(100));
    const first = device.read(work.out);
    device.blas?.multiply(work, { timer });
    const second = await device.read(work.out);
    expect(new Float32Array((await first).buffer)).toEqual(new Float32Array(15).fill(14));
    expect(new Float32Array(second.buffer)).toEqual(new Float32Array(15).fill(1400));
    expect((await timer.result()).kernelMs).toBeGreaterThan(0);
  });

  it("that fail are reported at the next wait, and harm nothing", async () => {
    const work = product(device);
    device.blas?.multiply(work);
    await device.wait();
    cudaControl().failBlas("cublasGemmStridedBatchedEx", 14);
    device.blas?.multiply(work);
    const error = await failure(() => device.wait(), "INTERNAL");
    expect(error.message).toContain("CUBLAS_STATUS_INTERNAL_ERROR");
    device.blas?.multiply(work);
    await device.wait();
  });

  it("are not offered any more when cuBLAS does not start", async () => {
    cudaControl().failBlas("cublasCreate_v2", 1);
    device.blas?.multiply(product(device));
    await failure(() => device.wait(), "UNSUPPORTED");
    expect(device.blas).toBeUndefined();
    await device.wait();
  });
});

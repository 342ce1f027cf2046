import { afterAll, describe, expect, it } from "vitest";
import { bindMatrix, Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { randomFloats } from "../kernels/support.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

type Gpu = ReturnType<typeof bindMatrix>;

/** What NumPy 2.4.6 gives: numpy.fft.fft([1+2j, 3, -1j, 4]), along the last axis. */
const spectrum = [8, 1, 1, 4, -6, 1, 1, 2];
/** numpy.fft.fft2([[1, 2, 3], [4, 5, 7]]) */
const plane = [
  22, 0, -3.5, 2.598076211353316, -3.5, -2.598076211353316, -10, 0, 0.5, -0.8660254037844386, 0.5,
  0.8660254037844386,
];
/** numpy.fft.rfft([1, 2, 4, 8, 16]) */
const half = [31, 0, -3.1458980337503153, 15.66593223730204, -9.854101966249685, 4.424767466914009];

async function expectNumpy(gpu: Gpu, placement: "gpu" | "cpu"): Promise<void> {
  const options = { placement, strict: true, report: true };
  const close = async (matrix: Matrix, values: readonly number[]) => {
    expect(matrix.report?.placement).toBe(placement);
    const found = await matrix.read();
    expect(found).toHaveLength(values.length);
    values.forEach((value, at) => {
      expect(found[at]).toBeCloseTo(value, 5);
    });
  };
  using x = Matrix.from(Float32Array.of(1, 2, 3, 0, 0, -1, 4, 0), [4, 2]);
  using forth = await gpu.fft(x, options);
  await close(forth, spectrum);
  await close(await gpu.ifft(forth, options), [1, 2, 3, 0, 0, -1, 4, 0]);
  await close(
    await gpu.fft(x, { ...options, norm: "ortho" }),
    spectrum.map((value) => value / 2),
  );
  await close(
    await gpu.fft(x, { ...options, norm: "forward" }),
    spectrum.map((value) => value / 4),
  );
  await close(await gpu.ifft(forth, { ...options, norm: "forward" }), [4, 8, 12, 0, 0, -4, 16, 0]);
  using image = Matrix.from(Float32Array.of(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 7, 0), [2, 3, 2]);
  using both = await gpu.fft2(image, options);
  await close(both, plane);
  await close(await gpu.ifft2(both, options), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 7, 0]);
  const columns = await gpu.fft(image, { ...options, axis: 0 });
  await close(columns, [5, 0, 7, 0, 10, 0, -3, 0, -3, 0, -4, 0]);
  using real = Matrix.from(Float32Array.of(1, 2, 4, 8, 16), [5]);
  using kept = await gpu.rfft(real, options);
  expect(kept.shape).toEqual([3, 2]);
  await close(kept, half);
  await close(await gpu.irfft(kept, { ...options, length: 5 }), [1, 2, 4, 8, 16]);
  const tall = await gpu.rfft(
    Matrix.from([
      [1, 2],
      [3, 5],
      [4, 4],
    ]),
    { ...options, axis: 0 },
  );
  expect(tall.shape).toEqual([2, 2, 2]);
  await close(tall, [8, 0, 11, 0, -2.5, 0.8660254037844386, -2.5, -0.8660254037844386]);
  await close(await gpu.irfft(tall, { ...options, axis: 0, length: 3 }), [1, 2, 3, 5, 4, 4]);
  const shifted = await gpu.fftShift(
    Matrix.from([
      [1, 2, 3],
      [4, 5, 6],
    ]),
    { ...options, complex: false },
  );
  await close(shifted, [6, 4, 5, 3, 1, 2]);
  await close(await gpu.ifftShift(shifted, { ...options, complex: false }), [1, 2, 3, 4, 5, 6]);
  await close(await gpu.fftShift(x, options), [0, -1, 4, 0, 1, 2, 3, 0]);
}

onEveryDevice(
  "gpu.matrix.fft",
  (adapter) => {
    it("agrees with NumPy, and with the CPU path", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const gpu = bindMatrix(runtime);
      await expectNumpy(gpu, "gpu");
      for (const length of [96, 97]) {
        using x = Matrix.from(randomFloats(2 * 3 * length, length), [3, length, 2]);
        using onDevice = await gpu.fft(x, { placement: "gpu", strict: true });
        using onHost = await gpu.fft(x, { placement: "cpu" });
        const [found, expected] = [await onDevice.read(), await onHost.read()];
        found.forEach((value, at) => {
          expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 4);
        });
      }
    });
  },
  { computing: true },
);

describe("fft on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  afterAll(() => runtime.dispose());

  it("agrees with NumPy", () => expectNumpy(gpu, "cpu"));

  it.each([1, 2, 3, 7, 30, 64, 128, 257, 1000])("of %i numbers agrees with the definition", async (n) => {
    const x = randomFloats(2 * n, n);
    const found = await (await gpu.fft(Matrix.from(x, [n, 2]))).read();
    for (const k of new Set([0, 1 % n, Math.floor(n / 3), n - 1])) {
      let [re, im] = [0, 0];
      for (let j = 0; j < n; j++) {
        const angle = (-2 * Math.PI * ((j * k) % n)) / n;
        const [a, b] = [x[2 * j] ?? 0, x[2 * j + 1] ?? 0];
        re += a * Math.cos(angle) - b * Math.sin(angle);
        im += a * Math.sin(angle) + b * Math.cos(angle);
      }
      expect(found[2 * k]).toBeCloseTo(re, 4);
      expect(found[2 * k + 1]).toBeCloseTo(im, 4);
    }
  });

  it("splits many lines among threads", async () => {
    const x = randomFloats(2 * 64 * 1024, 1);
    using forth = await gpu.fft(Matrix.from(x, [64, 1024, 2]));
    const back = await (await gpu.ifft(forth)).read();
    expect(back.every((value, at) => Math.abs(value - (x[at] ?? 0)) < 1e-6)).toBe(true);
  });

  it("of nothing is nothing", async () => {
    expect((await gpu.fft(Matrix.zeros([0, 4, 2]))).shape).toEqual([0, 4, 2]);
  });

  it("a NaN reaches its own line only", async () => {
    const x = new Float32Array(16).fill(1);
    x[3] = Number.NaN;
    const found = await (await gpu.fft(Matrix.from(x, [2, 4, 2]))).read();
    expect(Array.from(found, Number.isNaN)).toEqual([...Array(8).fill(true), ...Array(8).fill(false)]);
  });

  it("says what is wrong with what it is given", async () => {
    const said = async (work: () => unknown) => (await failure(work, "INVALID_ARGUMENT")).message;
    expect(await said(() => gpu.fft(Matrix.zeros([4, 3])))).toMatch(/4x3, which does not end in a dimension/);
    expect(await said(() => gpu.fft(Matrix.zeros([4, 2]), { axis: 1 }))).toMatch(/4x2\) has no axis 1/);
    expect(await said(() => gpu.fft(Matrix.zeros([0, 2])))).toMatch(/nothing along axis -1/);
    expect(await said(() => gpu.irfft(Matrix.zeros([4, 2]), { length: 8 }))).toMatch(
      /8 real numbers .* of 4/,
    );
    expect(await said(() => gpu.fft(Matrix.zeros([4, 2]), { norm: "none" as "ortho" }))).toMatch(
      /norm "none"/,
    );
  });
});

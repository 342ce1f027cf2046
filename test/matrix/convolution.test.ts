import { afterAll, describe, expect, it } from "vitest";
import { bindMatrix, Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { convolved } from "../kernels/convolution-oracle.js";
import { randomFloats } from "../kernels/support.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

function random(shape: readonly number[], seed: number): Matrix {
  return Matrix.from(
    randomFloats(
      shape.reduce((count, size) => count * size, 1),
      seed,
    ),
    shape,
  );
}

async function expectConvolved(gpu: ReturnType<typeof bindMatrix>, placement: "gpu" | "cpu"): Promise<void> {
  for (const [groups, outputs, isBiased] of [
    [1, 20, true],
    [2, 4, true],
    [4, 4, false],
  ] as const) {
    using x = random([2, 4, 9, 8], 1);
    using w = random([outputs, 4 / groups, 3, 2], 2);
    const bias = isBiased ? random([outputs], 3) : undefined;
    const windows = { stride: [2, 1], dilation: [1, 2], padding: [1, 0, 2, 1] } as const;
    const options = { ...windows, groups, bias, placement, strict: true, report: true };
    using result = await gpu.conv2d(x, w, options);
    expect(result.report?.placement).toBe(placement);
    expect(result.shape).toEqual([2, outputs, 5, 7]);
    const sizes = { batch: 2, groups, inputs: 4, outputs, height: 9, width: 8, kernel: [3, 2] } as const;
    const { values } = convolved(
      { ...sizes, ...windows },
      await x.read(),
      await w.read(),
      await bias?.read(),
    );
    const found = await result.read();
    values.forEach((value, at) => {
      expect(found[at]).toBeCloseTo(value, 5);
    });
  }
}

/** Of 1 2 3 4 / 5 6 7 8 / 9 10 11 12, by hand. */
async function expectPooled(gpu: ReturnType<typeof bindMatrix>, placement: "gpu" | "cpu"): Promise<void> {
  using x = Matrix.from(
    Float32Array.from({ length: 12 }, (_, at) => at + 1),
    [1, 1, 3, 4],
  );
  const options = { placement, strict: true };
  const max = await gpu.maxPool2d(x, { kernel: 2, ceilMode: true, ...options });
  expect([max.shape, await max.read()]).toEqual([[1, 1, 2, 2], Float32Array.of(6, 8, 10, 12)]);
  const padded = { kernel: [3, 2], stride: 2, padding: [1, 0, 1, 0], ...options } as const;
  const average = await gpu.averagePool2d(x, padded);
  expect([average.shape, await average.read()]).toEqual([[1, 1, 2, 2], Float32Array.of(3.5, 5.5, 7.5, 9.5)]);
  const included = await gpu.averagePool2d(x, { ...padded, countIncludePad: true });
  expect(await included.read()).toEqual(Float32Array.of(14 / 6, 22 / 6, 30 / 6, 38 / 6));
  const overall = await gpu.averagePool2d(x, { kernel: "global", ...options });
  expect([overall.shape, await overall.read()]).toEqual([[1, 1, 1, 1], Float32Array.of(6.5)]);
  using holed = Matrix.from(Float32Array.of(1, Number.NaN, 3, -4), [1, 1, 1, 4]);
  const largest = await gpu.maxPool2d(holed, { kernel: [1, 2], ...options });
  expect(await largest.read()).toEqual(Float32Array.of(Number.NaN, 3));
}

onEveryDevice(
  "gpu.matrix",
  (adapter) => {
    it("convolves and pools", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await expectConvolved(bindMatrix(runtime), "gpu");
      await expectPooled(bindMatrix(runtime), "gpu");
    });
  },
  { computing: true },
);

describe("convolution and pooling on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  afterAll(() => runtime.dispose());

  it("agree with the definition", async () => {
    await expectConvolved(gpu, "cpu");
    await expectPooled(gpu, "cpu");
  });

  it("in one dimension", async () => {
    const x = Matrix.from(Float32Array.of(1, 2, 3, 4, 5), [1, 1, 5]);
    const w = Matrix.from(Float32Array.of(1, 0, -1), [1, 1, 3]);
    const same = await gpu.conv1d(x, w, { padding: "same" });
    expect([same.shape, await same.read()]).toEqual([[1, 1, 5], Float32Array.of(-2, -2, -2, -2, 4)]);
    const after = await gpu.conv1d(x, w, { padding: [0, 2], stride: 2, bias: [10] });
    expect(await after.read()).toEqual(Float32Array.of(8, 8, 15));
  });

  it("same padding keeps the rounded-up size, the odd one at the end", async () => {
    const x = random([1, 1, 7, 8], 1);
    const result = await gpu.conv2d(x, random([1, 1, 4, 3], 2), { padding: "same", stride: [2, 3] });
    expect(result.shape).toEqual([1, 1, 4, 3]);
  });

  it("no images give no images", async () => {
    const result = await gpu.conv2d(Matrix.zeros([0, 3, 5, 5]), Matrix.zeros([2, 3, 3, 3]));
    expect([result.shape, await result.read()]).toEqual([[0, 2, 3, 3], new Float32Array(0)]);
    expect((await gpu.maxPool2d(Matrix.zeros([0, 3, 4, 4]), { kernel: 2 })).shape).toEqual([0, 3, 2, 2]);
  });

  it("says what is wrong with what it is given", async () => {
    const x = Matrix.zeros([1, 4, 5, 5]);
    const w = Matrix.zeros([6, 2, 3, 3]);
    const said = async (work: () => unknown) => {
      const { message, hint = "" } = await failure(work, "INVALID_ARGUMENT");
      return `${message}. ${hint}`;
    };
    expect(await said(() => gpu.conv2d(x, w))).toMatch(/1x4x5x5.* 4 channels .*6x2x3x3.* takes 2.*groups: 2/);
    expect(await said(() => gpu.conv2d(x, w, { groups: 4 }))).toMatch(/6 output channels .* 4 groups/);
    expect(await said(() => gpu.conv2d(x, Matrix.zeros([1, 4, 6, 1])))).toMatch(/reaches over 6 .* into 5/);
    expect(await said(() => gpu.conv2d(x, w, { groups: 2, dilation: [1, 3] }))).toMatch(/over 7 .* along x/);
    expect(await said(() => gpu.conv2d(x, w, { groups: 2, padding: -1 }))).toMatch(/padding is \[-1, -1\]/);
    expect(await said(() => gpu.conv2d(x, w, { groups: 2, stride: 0 }))).toMatch(/stride is \[0, 0\]/);
    expect(await said(() => gpu.conv2d(x, w, { groups: 2, bias: [1, 2] }))).toMatch(/bias is 2 .* 6 output/);
    expect(await said(() => gpu.conv2d(Matrix.zeros([4, 5, 5]), w))).toMatch(/x is 4x5x5, not \[batch/);
    expect(await said(() => gpu.conv2d(Matrix.zeros([1, 4, 0, 5]), w))).toMatch(
      /x is 1x4x0x5, .* at least 1/,
    );
    const integers = Matrix.from(new Int32Array(100), [1, 4, 5, 5], "i32") as unknown as Matrix;
    expect(await said(() => gpu.conv2d(integers, w))).toMatch(/x holds i32/);
    expect(await said(() => gpu.maxPool2d(x, { kernel: 2, padding: 2 }))).toMatch(/nothing of the image/);
    expect(await said(() => gpu.maxPool2d(x, { kernel: [6, 1] }))).toMatch(/reaches over 6/);
    expect(await said(() => gpu.maxPool2d(x, {} as { kernel: 1 }))).toMatch(/needs the size of its windows/);
    expect(await said(() => gpu.conv1d(x, w))).toMatch(/x is 1x4x5x5, not \[batch, channels, length\]/);
  });
});

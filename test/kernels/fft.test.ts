import { expect, it } from "vitest";
import { type FftShape, fft, inverseRealFft, realFft } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { floatsIn, randomFloats, uploaded } from "./support.js";

const known = new Map<string, Float64Array>();

/** The definition of a case, computed once for all devices. */
function expectedOf(x: ArrayLike<number>, work: FftShape, sign: -1 | 1): Float64Array {
  const key = JSON.stringify([work, sign]);
  const values = known.get(key) ?? transformed(x, work, sign);
  known.set(key, values);
  return values;
}

/** Sums by definition in double precision, along the middle axis. */
function transformed(x: ArrayLike<number>, { outer, length, inner }: FftShape, sign: -1 | 1): Float64Array {
  const cosines = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sines = Float64Array.from({ length }, (_, k) => sign * Math.sin((2 * Math.PI * k) / length));
  const result = new Float64Array(2 * outer * length * inner);
  for (let at = 0; at < result.length; at += 2) {
    const i = (at / 2) % inner;
    const k = Math.floor(at / 2 / inner) % length;
    const first = Math.floor(at / 2 / inner / length) * length * inner + i;
    for (let j = 0; j < length; j++) {
      const [re = 0, im = 0] = [x[2 * (first + j * inner)], x[2 * (first + j * inner) + 1]];
      const [c = 0, s = 0] = [cosines[(j * k) % length], sines[(j * k) % length]];
      result[at] = (result[at] ?? 0) + re * c - im * s;
      result[at + 1] = (result[at + 1] ?? 0) + re * s + im * c;
    }
  }
  return result;
}

function shape(length: number, outer = 1, inner = 1): FftShape {
  return { outer, length, inner };
}

/** Smooth and prime, one pass and several, last axis and others, fewer and more transforms than lanes. */
const shapes = [
  ...[1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 33, 60, 127, 128, 255, 256, 257].map((length) => shape(length)),
  shape(1024, 3),
  shape(2048),
  shape(1000, 2),
  shape(4, 17),
  shape(64, 33, 2),
  shape(16, 2, 16),
  shape(256, 1, 16),
  shape(30, 2, 5),
  shape(13, 3, 3),
  shape(2048, 1, 3),
];

/** Of the root mean square, as for sums of normal numbers. */
function expectClose(found: Float32Array, expected: Float64Array, length: number): void {
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  const bound = size * 2 ** -23 * (6 + 4 * Math.log2(length));
  const worst = expected.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? Number.POSITIVE_INFINITY))),
    0,
  );
  expect(worst).toBeLessThanOrEqual(bound);
}

onEveryDevice(
  "fft",
  (_adapter, device) => {
    it.each(shapes.map((work) => [JSON.stringify(work), work] as const))("%s", async (_name, work) => {
      const opened = await device();
      const { outer, length, inner } = work;
      const count = outer * length * inner;
      const x = randomFloats(2 * count, length);
      using source = uploaded(opened, x);
      using result = uploaded(opened, new Float32Array(2 * count + 2).fill(7));
      await fft(opened, { ...work, source, result });
      const found = await floatsIn(opened, result, 2 * count + 2);
      expectClose(found, expectedOf(x, work, -1), length);
      expect([...found.subarray(2 * count)]).toEqual([7, 7]);
      const energy = (values: ArrayLike<number>) =>
        Array.from(values).reduce((sum, value) => sum + value * value, 0);
      expect(energy(found.subarray(0, 2 * count)) / energy(x) / length).toBeCloseTo(1, 5);
      await fft(opened, { ...work, source, result, inverse: true, scale: 0.5 });
      const back = expectedOf(x, work, 1).map((value) => value / 2);
      expectClose(await floatsIn(opened, result, 2 * count), back, length);
    });

    it.each(
      [
        shape(1),
        shape(2),
        shape(3, 2),
        shape(10, 3),
        shape(17),
        shape(256, 2),
        shape(6, 2, 5),
        shape(9, 1, 4),
      ].map((work) => [JSON.stringify(work), work] as const),
    )("of real numbers %s", async (_name, work) => {
      const opened = await device();
      const { outer, length, inner } = work;
      const kept = Math.floor(length / 2) + 1;
      const x = randomFloats(outer * length * inner, length);
      const all = transformed(
        Array.from(x).flatMap((value) => [value, 0]),
        work,
        -1,
      );
      const expected = Float64Array.from({ length: 2 * outer * kept * inner }, (_, at) => {
        const k = Math.floor(at / 2 / inner) % kept;
        const item = Math.floor(at / 2 / inner / kept);
        return all[2 * ((item * length + k) * inner + (Math.floor(at / 2) % inner)) + (at % 2)] ?? 0;
      });
      using source = uploaded(opened, x);
      using spectrum = opened.allocate(expected.length * 4);
      using back = opened.allocate(x.byteLength);
      await realFft(opened, { ...work, source, result: spectrum, scale: 2 });
      expectClose(
        await floatsIn(opened, spectrum, expected.length),
        expected.map((value) => 2 * value),
        length,
      );
      const noisy = Float32Array.from(expected);
      for (let i = 0; i < inner; i++) noisy[2 * i + 1] = 5;
      opened.write(spectrum, noisy);
      await inverseRealFft(opened, { ...work, source: spectrum, result: back, scale: 1 / length });
      expectClose(await floatsIn(opened, back, x.length), Float64Array.from(x), length);
    });
  },
  { computing: true },
);

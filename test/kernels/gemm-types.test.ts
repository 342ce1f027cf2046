import { expect, it } from "vitest";
import type { Device, DeviceBuffer, MatrixProduct, ProductType } from "#src/device/device.js";
import { gemm } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { halfValue, nearestHalf } from "./halves.js";
import { randomFloats } from "./support.js";

interface Format {
  readonly type: ProductType;
  readonly bytes: number;
  /** Relative size of one rounding of the result, and of one of each input. */
  readonly unit: number;
  readonly inputUnit: number;
  /** Absolute size of a rounding near zero. */
  readonly least: number;
}

const formats: readonly Format[] = [
  { type: "f32", bytes: 4, unit: 2 ** -24, inputUnit: 0, least: 0 },
  { type: "tf32", bytes: 4, unit: 2 ** -24, inputUnit: 2 ** -11, least: 0 },
  { type: "f16", bytes: 2, unit: 2 ** -11, inputUnit: 0, least: 2 ** -25 },
  { type: "bf16", bytes: 2, unit: 2 ** -8, inputUnit: 0, least: 0 },
  { type: "f64", bytes: 8, unit: 2 ** -53, inputUnit: 0, least: 0 },
];

const shapes: readonly (Pick<
  MatrixProduct,
  "m" | "n" | "k" | "batch" | "transposeA" | "transposeB" | "beta"
> & {
  readonly shareC?: boolean;
})[] = [
  { m: 1, n: 1, k: 1, batch: 1, transposeA: false, transposeB: false, beta: 0 },
  { m: 65, n: 33, k: 17, batch: 1, transposeA: false, transposeB: false, beta: 0 },
  { m: 7, n: 9, k: 31, batch: 3, transposeA: true, transposeB: false, beta: 0.5 },
  { m: 33, n: 5, k: 64, batch: 2, transposeA: false, transposeB: true, beta: -1 },
  { m: 16, n: 64, k: 8, batch: 1, transposeA: true, transposeB: true, beta: 0 },
  { m: 6, n: 10, k: 4, batch: 3, transposeA: false, transposeB: true, beta: 0 },
  { m: 6, n: 10, k: 4, batch: 3, transposeA: true, transposeB: false, beta: 2, shareC: true },
];

function quantized({ type }: Format, values: Float32Array): Float64Array {
  const half = type === "f16" || type === "bf16" ? type : undefined;
  return Float64Array.from(values, (value) =>
    half === undefined ? value : halfValue(half, nearestHalf(half, value)),
  );
}

function encoded({ type }: Format, values: Float64Array): Uint8Array {
  if (type === "f64") return new Uint8Array(values.slice().buffer);
  if (type === "f32" || type === "tf32") return new Uint8Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(values, (value) => nearestHalf(type, value)).buffer);
}

function decoded({ type }: Format, bytes: Uint8Array): Float64Array {
  const { buffer } = bytes.slice();
  if (type === "f64") return new Float64Array(buffer);
  if (type === "f32" || type === "tf32") return Float64Array.from(new Float32Array(buffer));
  return Float64Array.from(new Uint16Array(buffer), (bits) => halfValue(type, bits));
}

function filled(device: Device, bytes: Uint8Array): DeviceBuffer {
  const buffer = device.allocate(bytes.byteLength);
  device.write(buffer, bytes);
  return buffer;
}

onEveryDevice(
  "gemm of other types",
  (adapter, device) => {
    const engines = ["blas", "kernel"] as const;
    const cases = formats.flatMap((format) =>
      engines.map((engine) => [format.type, engine, format] as const),
    );
    it.each(cases)("%s by %s", async (type, engine, format) => {
      const opened = await device();
      for (const shape of shapes) {
        const { m, n, k, batch, transposeA, transposeB, beta, shareC = false } = shape;
        const alpha = 0.75;
        const strides = {
          strideA: m * k,
          strideB: batch === 3 ? 0 : k * n,
          strideC: beta === 0 || shareC ? 0 : m * n,
        };
        const a = quantized(format, randomFloats(batch * m * k, 1));
        const b = quantized(format, randomFloats((strides.strideB === 0 ? 1 : batch) * k * n, 2));
        const c = quantized(format, randomFloats((shareC ? 1 : batch) * m * n, 3));
        using onA = filled(opened, encoded(format, a));
        using onB = filled(opened, encoded(format, b));
        using onC = filled(opened, encoded(format, c));
        using out = opened.allocate(batch * m * n * format.bytes);
        const bound = { a: onA, b: onB, c: beta === 0 ? undefined : onC, out };
        const work = { ...shape, ...strides, ...bound, type, alpha };
        if (type === "f64" && !adapter.features.has("f64")) {
          await failure(() => gemm(opened, work, { engine }), "UNSUPPORTED");
          return;
        }
        await gemm(opened, work, { engine });
        const found = decoded(format, await opened.read(out));
        const left = (item: number, i: number, s: number) =>
          a[item * m * k + (transposeA ? s * m + i : i * k + s)] ?? 0;
        const right = (item: number, s: number, j: number) =>
          b[item * strides.strideB + (transposeB ? j * k + s : s * n + j)] ?? 0;
        for (let at = 0; at < found.length; at++) {
          const [item, i, j] = [Math.floor(at / (m * n)), Math.floor((at % (m * n)) / n), at % n];
          let sum = 0;
          let size = 0;
          for (let s = 0; s < k; s++) {
            const term = left(item, i, s) * right(item, s, j);
            sum += term;
            size += Math.abs(term);
          }
          const added = beta * (c[shareC ? at % (m * n) : at] ?? 0);
          const expected = alpha * sum + added;
          const sumUnit = type === "f64" ? 2 ** -53 : 2 ** -24;
          const sumError = (size + Math.abs(added)) * ((k + 4) * sumUnit + 3 * format.inputUnit);
          const allowed = sumError + Math.abs(expected) * format.unit + format.least;
          expect(
            Math.abs((found[at] ?? Number.NaN) - expected),
            `element ${at} of ${JSON.stringify(shape)}`,
          ).toBeLessThanOrEqual(allowed);
        }
      }
    });
  },
  { computing: true },
);

import { expect, it } from "vitest";
import { type GemmArguments, gemm } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { floatsIn, randomFloats, uploaded } from "./support.js";

type Shape = Pick<GemmArguments, "m" | "n" | "k" | "batch" | "transposeA" | "transposeB" | "alpha" | "beta">;

function shape(m: number, n: number, k: number, more: Partial<Shape> = {}): Shape {
  return { m, n, k, batch: 1, transposeA: false, transposeB: false, alpha: 1, beta: 0, ...more };
}

const edges = [1, 7, 8, 9, 31, 32, 33, 63, 64, 65];
const shapes: readonly Shape[] = [
  ...edges.map((m) => shape(m, 33, 17)),
  ...edges.map((n) => shape(17, n, 33)),
  ...edges.map((k) => shape(9, 35, k)),
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => shape(70, 41, 130, { transposeA, transposeB })),
  ),
  shape(20, 30, 40, { alpha: -1.5, beta: 0.5 }),
  shape(33, 65, 18, { batch: 3, transposeB: true, beta: 2 }),
  shape(257, 129, 255, { transposeA: true }),
];

/** The textbook sum in double precision. */
function oracle(
  work: Shape,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  shareB: boolean,
): Float64Array {
  const { m, n, k, batch, transposeA, transposeB, alpha, beta } = work;
  const out = new Float64Array(batch * m * n);
  for (let item = 0; item < batch; item++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let s = 0; s < k; s++) {
          const left = a[item * m * k + (transposeA ? s * m + i : i * k + s)] ?? 0;
          const right = b[(shareB ? 0 : item * k * n) + (transposeB ? j * k + s : s * n + j)] ?? 0;
          sum += left * right;
        }
        const at = item * m * n + i * n + j;
        out[at] = alpha * sum + (beta === 0 ? 0 : beta * (c[at] ?? 0));
      }
    }
  }
  return out;
}

onEveryDevice(
  "gemm",
  (_adapter, device) => {
    it.each(shapes.map((work) => [JSON.stringify(work), work] as const))("%s", async (_name, work) => {
      const opened = await device();
      const { m, n, k, batch, beta } = work;
      for (const shareB of batch > 1 ? [false, true] : [false]) {
        const a = randomFloats(batch * m * k, 1);
        const b = randomFloats((shareB ? 1 : batch) * k * n, 2);
        const c = randomFloats(batch * m * n, 3);
        using onA = uploaded(opened, a);
        using onB = uploaded(opened, b);
        using onC = uploaded(opened, c);
        using out = uploaded(opened, new Float32Array(batch * m * n).fill(Number.NaN));
        const strides = { strideA: m * k, strideB: shareB ? 0 : k * n, strideC: m * n };
        await gemm(opened, { ...work, ...strides, a: onA, b: onB, c: beta === 0 ? undefined : onC, out });
        const found = await floatsIn(opened, out, batch * m * n);
        const expected = oracle(work, a, b, c, shareB);
        const bound = (k + 4) * 2 ** -23 * Math.max(1, Math.abs(work.alpha));
        const worst = found.reduce(
          (most, value, at) =>
            Math.max(most, Number.isNaN(value) ? Infinity : Math.abs(value - (expected[at] ?? 0))),
          0,
        );
        expect(worst).toBeLessThanOrEqual(bound);
      }
    });

    it("NaN and infinities reach only the rows and columns they belong to", async () => {
      const opened = await device();
      const a = new Float32Array(9 * 9).fill(1);
      const b = new Float32Array(9 * 9).fill(1);
      a[3 * 9 + 2] = Number.NaN;
      b[5 * 9 + 8] = Number.POSITIVE_INFINITY;
      using onA = uploaded(opened, a);
      using onB = uploaded(opened, b);
      using out = opened.allocate(9 * 9 * 4);
      await gemm(opened, { ...shape(9, 9, 9), strideA: 0, strideB: 0, strideC: 0, a: onA, b: onB, out });
      const found = await floatsIn(opened, out, 81);
      found.forEach((value, at) => {
        const [row, column] = [Math.floor(at / 9), at % 9];
        expect(value).toBe(row === 3 ? Number.NaN : column === 8 ? Number.POSITIVE_INFINITY : 9);
      });
    });
  },
  { computing: true },
);

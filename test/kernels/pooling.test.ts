import { expect, it } from "vitest";
import { type Pooling, type PoolingShape, pooledShape, pooling } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { floatsIn, randomFloats, uploaded } from "./support.js";

function shape(
  height: number,
  width: number,
  kernel: readonly [number, number],
  more: Partial<PoolingShape> = {},
): PoolingShape {
  const usual = { stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], ceilMode: false } as const;
  return { planes: 3, ...usual, height, width, kernel, ...more };
}

const shapes: readonly (readonly [PoolingShape, readonly [number, number]])[] = [
  [shape(1, 1, [1, 1]), [1, 1]],
  [shape(33, 31, [2, 2], { stride: [2, 2] }), [16, 15]],
  [shape(33, 31, [2, 2], { stride: [2, 2], ceilMode: true }), [17, 16]],
  [shape(7, 7, [3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }), [4, 4]],
  [shape(8, 6, [3, 3], { stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: true }), [5, 4]],
  [shape(5, 4, [2, 3], { stride: [3, 3], padding: [0, 2, 1, 0], ceilMode: true }), [2, 2]],
  [shape(4, 4, [1, 1], { stride: [3, 3], padding: [0, 0, 0, 0], ceilMode: true }), [2, 2]],
  [shape(2, 2, [2, 2], { stride: [3, 3], padding: [1, 1, 1, 1], ceilMode: true }), [1, 1]],
  [shape(9, 10, [3, 2], { dilation: [2, 5], padding: [2, 1, 1, 4] }), [8, 10]],
  [shape(1, 257, [1, 5], { stride: [1, 2], padding: [0, 2, 0, 2] }), [1, 129]],
  [shape(13, 17, [13, 17], { planes: 70 }), [1, 1]],
];

function pooled(kind: Pooling, work: PoolingShape, x: Float32Array, countIncludePad: boolean): Float64Array {
  const { planes, height, width, kernel, stride, dilation, padding } = work;
  const [outHeight, outWidth] = pooledShape(work);
  return Float64Array.from({ length: planes * outHeight * outWidth }, (_, at) => {
    const top = (Math.floor(at / outWidth) % outHeight) * stride[0] - padding[0];
    const left = (at % outWidth) * stride[1] - padding[1];
    const plane = Math.floor(at / (outWidth * outHeight));
    let count = 0;
    const values: number[] = [];
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const [row, column] = [top + i * dilation[0], left + j * dilation[1]];
        const isInside = row >= 0 && row < height && column >= 0 && column < width;
        if (isInside) values.push(x[(plane * height + row) * width + column] ?? Number.NaN);
        if (isInside || (countIncludePad && row < height + padding[2] && column < width + padding[3]))
          count++;
      }
    }
    if (kind === "max") return Math.max(...values);
    return values.reduce((sum, value) => sum + value, 0) / count;
  });
}

onEveryDevice(
  "pooling",
  (_adapter, device) => {
    it.each(shapes.map(([work, size]) => [JSON.stringify(work), work, size] as const))(
      "%s",
      async (_name, work, size) => {
        const opened = await device();
        expect(pooledShape(work)).toEqual(size);
        const x = randomFloats(work.planes * work.height * work.width, 1);
        x[x.length - 1] = Number.NaN;
        if (x.length > 9) x.set([-0, 0, Number.NEGATIVE_INFINITY, -3e38, 1e-45], 2);
        using source = uploaded(opened, x);
        for (const countIncludePad of [false, true]) {
          for (const kind of ["max", "average"] as const) {
            const expected = pooled(kind, work, x, countIncludePad);
            using result = uploaded(opened, new Float32Array(expected.length + 2).fill(7));
            await pooling(opened, kind, { ...work, source, result, countIncludePad });
            const found = await floatsIn(opened, result, expected.length + 2);
            expect([...found.subarray(expected.length)]).toEqual([7, 7]);
            expected.forEach((value, at) => {
              if (kind === "max") expect(found[at]).toBe(Math.fround(value));
              else if (!Number.isFinite(value)) expect(found[at]).toBe(value);
              else
                expect(Math.abs((found[at] ?? Number.NaN) - value)).toBeLessThanOrEqual(
                  1e-5 * Math.max(1, Math.abs(value)),
                );
            });
          }
        }
      },
    );
  },
  { computing: true },
);

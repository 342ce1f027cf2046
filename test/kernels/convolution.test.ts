import { expect, it } from "vitest";
import { type ConvolutionShape, convolution, packedWeightBytes, packWeights } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { convolved } from "./convolution-oracle.js";
import { floatsIn, randomFloats, uploaded } from "./support.js";

function shape(
  inputs: number,
  outputs: number,
  height: number,
  width: number,
  kernel: readonly [number, number],
  more: Partial<ConvolutionShape> = {},
): ConvolutionShape {
  const usual = { batch: 1, groups: 1, stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0] } as const;
  return { ...usual, inputs, outputs, height, width, kernel, ...more };
}

const shapes: readonly ConvolutionShape[] = [
  shape(1, 1, 1, 1, [1, 1]),
  shape(1, 17, 5, 7, [3, 3], { padding: [1, 1, 1, 1] }),
  shape(3, 16, 9, 9, [3, 3], { stride: [2, 2], padding: [0, 1, 2, 3] }),
  shape(5, 33, 8, 8, [1, 1], { batch: 2 }),
  shape(4, 64, 9, 11, [3, 5], { dilation: [2, 2], padding: [2, 4, 2, 4] }),
  shape(8, 65, 7, 7, [7, 7]),
  shape(2, 31, 1, 257, [1, 9], { stride: [1, 3], padding: [0, 4, 0, 4] }),
  shape(6, 34, 6, 6, [2, 2], { groups: 2, padding: [1, 0, 0, 1] }),
  shape(12, 8, 6, 5, [3, 3], { groups: 4, batch: 3, padding: [1, 1, 1, 1] }),
  shape(32, 32, 5, 33, [3, 3], { groups: 32, padding: [1, 1, 1, 1] }),
  shape(5, 10, 16, 18, [5, 3], { groups: 5, stride: [2, 3], dilation: [1, 3], padding: [4, 7, 1, 0] }),
  shape(3, 3, 4, 2, [3, 3], { groups: 3, padding: [3, 5, 3, 5], stride: [1, 2] }),
  shape(1, 2, 3, 3, [2, 2], { padding: [0, 6, 0, 6], dilation: [1, 5] }),
];

/** Every variant of a kernel takes seconds to compile on a software device. */
function isTiny({ outputs, groups }: ConvolutionShape): boolean {
  return outputs / groups <= 3;
}

const epilogue = `@group(0) @binding(20) var<storage, read> added: array<f32>;
fn epilogue(value: f32, channel: u32, at: u32) -> f32 { return max(value * f32(channel + 1u) + added[at], 0.0); }
`;

onEveryDevice(
  "convolution",
  (_adapter, device) => {
    it.each(shapes.map((work) => [JSON.stringify(work), work] as const))("%s", async (_name, work) => {
      const opened = await device();
      const { batch, inputs, outputs, groups, height, width, kernel } = work;
      const x = randomFloats(batch * inputs * height * width, 1);
      const w = randomFloats((outputs * inputs * kernel[0] * kernel[1]) / groups, 2);
      const b = randomFloats(outputs, 3);
      using source = uploaded(opened, x);
      using weights = uploaded(opened, w);
      using bias = uploaded(opened, b);
      const isWide = outputs / groups > 16;
      for (const given of isTiny(work) ? [undefined, bias] : isWide ? [undefined] : [bias]) {
        const { values, sizes } = convolved(work, x, w, given && b);
        using result = uploaded(opened, new Float32Array(values.length + 3).fill(7));
        await convolution(opened, { ...work, source, weights, bias: given, result });
        const found = await floatsIn(opened, result, values.length + 3);
        values.forEach((value, at) => {
          const bound = (sizes[at] ?? 0) * (inputs * kernel[0] * kernel[1] + 2) * 2 ** -24;
          expect(Math.abs((found[at] ?? Number.NaN) - value), `number ${at}`).toBeLessThanOrEqual(bound);
        });
        expect([...found.subarray(values.length)]).toEqual([7, 7, 7]);
      }
    });

    it.each([20, 1])(
      "with %i outputs a group: what is applied on the way, and weights packed before",
      async (outputs) => {
        const opened = await device();
        const work = shape(outputs === 1 ? 1 : 3, outputs, 6, 7, [3, 3], { padding: [1, 1, 1, 1] });
        const x = randomFloats(work.inputs * 42, 1);
        const w = randomFloats(outputs * work.inputs * 9, 2);
        const more = randomFloats(outputs * 42, 4);
        const { values } = convolved(work, x, w, undefined);
        using source = uploaded(opened, x);
        using weights = uploaded(opened, w);
        using added = uploaded(opened, more);
        using result = opened.allocate(outputs * 42 * 4);
        using packed = opened.allocate(Math.max(4, packedWeightBytes(opened, work)));
        const isPacked = packedWeightBytes(opened, work) > 0;
        if (isPacked) await packWeights(opened, { ...work, weights, packed });
        const known = { ...work, source, weights, result, packed: isPacked ? packed : undefined };
        await convolution(opened, { ...known, epilogue, epilogueBindings: { added } });
        (await floatsIn(opened, result, values.length)).forEach((value, at) => {
          const channel = Math.floor(at / 42) + 1;
          expect(value).toBeCloseTo(Math.max(0, (values[at] ?? 0) * channel + (more[at] ?? 0)), 4);
        });
      },
    );

    it("a NaN reaches the patches that hold it, and no others", async () => {
      const opened = await device();
      for (const groups of [1, 4]) {
        const work = shape(4, 4, 5, 5, [3, 3], { groups });
        const x = new Float32Array(4 * 25).fill(1);
        x[25 + 6] = Number.NaN;
        const w = new Float32Array((16 / groups) * 9).fill(1);
        using source = uploaded(opened, x);
        using weights = uploaded(opened, w);
        using result = opened.allocate(4 * 9 * 4);
        await convolution(opened, { ...work, source, weights, result });
        const { values } = convolved(work, x, w, undefined);
        expect(await floatsIn(opened, result, 36)).toEqual(Float32Array.from(values));
      }
    });
  },
  { computing: true },
);

import { expect, it } from "vitest";
import { type HalfType, narrow, widen } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { seeded } from "../support/random.js";
import { halfValue, nearestHalf } from "./halves.js";
import { floatsIn, uploaded, wordsIn } from "./support.js";

const types: readonly HalfType[] = ["f16", "bf16"];

function float(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
}

/** Every boundary of f16 and bf16, one step to either side, and random bits. */
function floats(): Float32Array {
  const next = seeded(16);
  const corners = [
    0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000, 0x33000000, 0x387fc000, 0x38800000, 0x477fe000,
  ]
    .concat([0x477ff000, 0x47800000, 0x7f7f7fff, 0x7f7f8000, 0x7f7fffff, 0x7f800000, 0x3f801000, 0x3f803000])
    .flatMap((bits) => [bits - 1, bits, bits + 1])
    .filter((bits) => bits >= 0 && bits <= 0x7f800000);
  const random = Array.from({ length: 20_000 }, () => Math.floor(next() * 0x7f800000));
  const magnitudes = [...corners, ...random].map(float);
  return Float32Array.from([...magnitudes, ...magnitudes.map((value) => -value), Infinity, -Infinity]);
}

onEveryDevice(
  "halves",
  (_adapter, device) => {
    it.each(types)("widens every %s", async (type) => {
      const opened = await device();
      const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
      using source = uploaded(opened, new Uint32Array(halves.buffer));
      using result = opened.allocate(halves.length * 4);
      await widen(opened, { type, source, result, count: halves.length });
      const found = await floatsIn(opened, result, halves.length);
      const wrong = halves.filter((bits) => !Object.is(found[bits], halfValue(type, bits)));
      expect([...wrong]).toEqual([]);
    });

    it.each(types)("narrows to %s, nearest and ties to even", async (type) => {
      const opened = await device();
      const values = floats();
      using source = uploaded(opened, values);
      using result = opened.allocate(Math.ceil(values.length / 2) * 4);
      await narrow(opened, { type, source, result, count: values.length });
      const words = await wordsIn(opened, result, Math.ceil(values.length / 2));
      const found = new Uint16Array(words.buffer);
      const wrong = [...values.keys()].filter((at) => found[at] !== nearestHalf(type, values[at] ?? 0));
      expect(wrong.map((at) => [values[at], found[at], nearestHalf(type, values[at] ?? 0)])).toEqual([]);
    });

    it.each(types)("keeps NaN and leaves what lies behind an odd count (%s)", async (type) => {
      const opened = await device();
      for (const count of [1, 2, 3, 127, 129, 255, 257]) {
        using source = uploaded(opened, new Float32Array(count).fill(Number.NaN));
        using result = uploaded(opened, new Uint32Array(Math.ceil(count / 2) + 1).fill(7));
        using back = uploaded(opened, new Float32Array(count + 1).fill(7));
        await narrow(opened, { type, source, result, count });
        await widen(opened, { type, source: result, result: back, count });
        const found = await floatsIn(opened, back, count + 1);
        expect([...found.subarray(0, count)].every(Number.isNaN)).toBe(true);
        expect(found[count]).toBe(7);
        const words = await wordsIn(opened, result, Math.ceil(count / 2) + 1);
        expect(words.at(-1)).toBe(7);
        if (count % 2 === 1) expect((words.at(-2) ?? 0) >>> 16).toBe(0);
      }
    });
  },
  { computing: true },
);

import { afterAll, describe, expect, it } from "vitest";
import { normalTable, random } from "#src/kernels/index.js";
import { normal, philox, randomNumbers } from "#src/matrix/host/random.js";
import { bindMatrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { wordsIn } from "../kernels/support.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

/** philox4x32 10 of Random123's known-answer tests, kat_vectors: counter, key, answer. */
const known = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const;

/** SciPy 1.17.1: scipy.stats.norm.isf((word + 0.5) / 2**32) */
const quantiles: readonly (readonly [word: number, quantile: number])[] = [
  [0, 6.3379577545537895],
  [1, 6.166429517819751],
  [2, 6.085104545783031],
  [3, 6.030967019118252],
  [15, 5.785777965471043],
  [16, 5.775260513401542],
  [255, 5.295061351886092],
  [256, 5.294347492361962],
  [65535, 4.169571062244236],
  [65536, 4.1695675844665825],
  [1000000, 3.499768988758382],
  [16777216, 2.660067458579972],
  [268435455, 1.534120545299136],
  [536883257, 1.1503354171098754],
  [1073741823, 0.6744897505624251],
  [1073741824, 0.6744897498297384],
  [2146435072, 0.0006119695399989287],
  [2147482648, 5.833280646460661e-7],
];

/** What the CPU path makes of a word. */
function normalOf(word: number): number {
  return normal(word, normalTable());
}

const counts = [0, 1, 3, 4, 5, 31, 33, 255, 257, 1025];
const sources = [
  { seed: 7n, stream: 0, offset: 0 },
  { seed: 2n ** 64n - 1n, stream: 5, offset: 3 },
  { seed: 1n << 40n, stream: 2 ** 32 - 1, offset: 4 * 2 ** 32 - 6 },
];
const distributions = [
  { distribution: "bits" },
  { distribution: "uniform" },
  { distribution: "normal" },
  { distribution: "integers", low: -5, range: 11 },
  { distribution: "integers", low: -(2 ** 31), range: 2 ** 32 },
  { distribution: "integers", low: 0, range: 3 * 2 ** 30 },
  { distribution: "bernoulli", probability: 0.3 },
  { distribution: "bernoulli", probability: 1 },
] as const;

onEveryDevice(
  "random numbers",
  (_adapter, device) => {
    it.each(distributions.map((work) => [JSON.stringify(work), work] as const))(
      "%s are those of the CPU path, bit for bit, and stay within their memory",
      async (_name, work) => {
        const opened = await device();
        for (const source of sources) {
          for (const count of counts) {
            using result = opened.allocate(count * 4 + 8);
            opened.write(result, new Uint32Array(count + 2).fill(7));
            await random(opened, { ...work, ...source, result, count });
            const bits = new Uint32Array(count);
            const isInteger = work.distribution === "integers";
            const host =
              work.distribution === "bits" ? bits : new (isInteger ? Int32Array : Float32Array)(bits.buffer);
            randomNumbers([host], { ...work, ...source });
            expect(await wordsIn(opened, result, count + 2)).toEqual(Uint32Array.of(...bits, 7, 7));
          }
        }
      },
    );

    it("are Philox4x32-10's", async () => {
      const opened = await device();
      for (const [[low, high, , stream], [key0, key1], answer] of known.slice(0, 1)) {
        const seed = (BigInt(key1) << 32n) | BigInt(key0);
        using result = opened.allocate(16);
        const offset = 4 * (high * 2 ** 32 + low);
        await random(opened, { distribution: "bits", seed, stream, offset, result, count: 4 });
        expect(await wordsIn(opened, result, 4)).toEqual(Uint32Array.from(answer));
      }
    });
  },
  { computing: true },
);

describe("random numbers on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  afterAll(() => runtime.dispose());
  const count = 200_000;

  it("are Philox4x32-10's", () => {
    for (const [counter, key, answer] of known) expect(philox([...counter], key)).toEqual([...answer]);
  });

  it("can be drawn in parts", async () => {
    const source = { seed: 42, stream: 3 };
    const whole = await (await gpu.random.normal({ ...source, shape: [3, 100] })).read();
    const part = await (await gpu.random.normal({ ...source, shape: [50], offset: 117 })).read();
    expect(part).toEqual(whole.slice(117, 167));
    const big = await (await gpu.random.uniform({ ...source, shape: [count] })).read();
    const end = await (await gpu.random.uniform({ ...source, shape: [9], offset: count - 9 })).read();
    expect(end).toEqual(big.slice(-9));
  });

  it("of other seeds and streams are others", async () => {
    const draw = async (seed: number | bigint, stream: number) =>
      (await gpu.random.uniform({ seed, stream, shape: [8] })).read();
    const first = await draw(1, 0);
    expect(await draw(1n, 0)).toEqual(first);
    expect(await draw(2, 0)).not.toEqual(first);
    expect(await draw(1, 1)).not.toEqual(first);
    expect(await draw(1n + (1n << 32n), 0)).not.toEqual(first);
  });

  it("uniform ones fill their bins evenly", async () => {
    const values = await (await gpu.random.uniform({ seed: 1, shape: [count] })).read();
    const bins = new Float64Array(100);
    for (const value of values) bins[Math.floor(value * 100)] = (bins[Math.floor(value * 100)] ?? 0) + 1;
    const square = bins.reduce((sum, found) => sum + (found - count / 100) ** 2 / (count / 100), 0);
    // 99 degrees of freedom: 61 to 149 is where 99.8 % of samples are.
    expect(square).toBeGreaterThan(61);
    expect(square).toBeLessThan(149);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it("normal ones have the moments and the tails of the distribution", async () => {
    const values = await (await gpu.random.normal({ seed: 5, shape: [count] })).read();
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / count;
    const error = (variance: number) => 4 * Math.sqrt(variance / count);
    expect(Math.abs(moment(1))).toBeLessThan(error(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error(2));
    expect(Math.abs(moment(3))).toBeLessThan(error(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error(96));
    const beyond = (limit: number) => values.filter((value) => value > limit).length / count;
    // SciPy: norm.sf([1, 2, 3])
    for (const [limit, share] of [
      [1, 0.158655253931457],
      [2, 0.0227501319481792],
      [3, 0.00134989803163009],
    ] as const) {
      expect(Math.abs(beyond(limit) - share)).toBeLessThan(error(share * (1 - share)));
    }
  });

  it("invert the normal distribution to a unit in the last place", () => {
    for (const [word, quantile] of quantiles) {
      expect(Math.abs(normalOf(word) - quantile), `word ${word}`).toBeLessThanOrEqual(
        2 ** -23 * Math.max(1, quantile),
      );
    }
    expect(normalOf(0x80000000)).toBe(-normalOf(0));
  });

  it("integers are unbiased where a remainder would not be", async () => {
    const high = 3 * 2 ** 29;
    const values = await (await gpu.random.integers({ seed: 9, shape: [count], low: 0, high })).read();
    const below = values.filter((value) => value < high / 3).length / count;
    expect(Math.abs(below - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / count));
    expect(values.every((value) => value >= 0 && value < high)).toBe(true);
    const dice = await gpu.random.integers({ seed: 9, shape: [6000], low: 1, high: 7 });
    expect([dice.dtype, new Set(await dice.read())]).toEqual(["i32", new Set([1, 2, 3, 4, 5, 6])]);
  });

  it("bernoulli gives ones with the probability", async () => {
    const draw = async (probability: number) =>
      (await (await gpu.random.bernoulli({ seed: 3, shape: [count], probability })).read()).reduce(
        (sum, value) => sum + value,
        0,
      ) / count;
    expect(Math.abs((await draw(0.3)) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / count));
    expect([await draw(0), await draw(1)]).toEqual([0, 1]);
  });

  it("says what is wrong with what it is given", async () => {
    const said = async (work: () => unknown) => (await failure(work, "INVALID_ARGUMENT")).message;
    const shape = [2];
    expect(await said(() => gpu.random.uniform({ seed: -1, shape }))).toMatch(/seed is -1/);
    expect(await said(() => gpu.random.uniform({ shape } as unknown as { seed: 1; shape: [] }))).toMatch(
      /seed is undef/,
    );
    expect(await said(() => gpu.random.uniform({ seed: 1, shape: [-2] }))).toMatch(/shape \[-2\]/);
    expect(await said(() => gpu.random.uniform({ seed: 1, shape, stream: 0.5 }))).toMatch(/stream is 0.5/);
    expect(await said(() => gpu.random.uniform({ seed: 1, shape: [2 ** 31] }))).toMatch(/at once/);
    expect(await said(() => gpu.random.integers({ seed: 1, shape, low: 5, high: 5 }))).toMatch(/high is 5/);
    expect(await said(() => gpu.random.bernoulli({ seed: 1, shape, probability: Number.NaN }))).toMatch(
      /is NaN/,
    );
  });
});

describe("the table of the normal distribution", () => {
  it("is the same on every machine", () => {
    let hash = 0x811c9dc5;
    for (const word of normalTable()) hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
    expect(hash.toString(16)).toBe("bf1bbc6f");
  });
});

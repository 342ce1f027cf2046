import { afterAll, describe, expect, it } from "vitest";
import { kernelText, normalTable, random } from "#src/kernels/index.js";
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
  [2147402647, 4.7273501668794254e-5],
  [2147433647, 2.918128554324506e-5],
  [2147463647, 1.1672689301868853e-5],
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
  { distribution: "uniform", scale: Math.fround(9.7), shift: Math.fround(-3.3) },
  { distribution: "uniform", scale: 1, shift: 2 ** 20 },
  { distribution: "normal", scale: Math.fround(0.1), shift: Math.fround(1.7) },
  { distribution: "bernoulli", probability: 0.3 },
  { distribution: "bernoulli", probability: 1 },
] as const;

onEveryDevice(
  "random numbers",
  (adapter, device) => {
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
              work.distribution === "bits" || work.distribution === "bernoulli"
                ? bits
                : new (isInteger ? Int32Array : Float32Array)(bits.buffer);
            randomNumbers([host], { ...work, ...source });
            expect(await wordsIn(opened, result, count + 2)).toEqual(Uint32Array.of(...bits, 7, 7));
          }
        }
      },
    );

    it("are Philox4x32-10's", async () => {
      const opened = await device();
      const attempts = `alias Element = u32;
fn value(word: u32, block: u32, lane: u32) -> u32 {
  return philox(counter_of(block, p.low), vec2(p.key_low, p.key_high))[lane];
}`;
      const text = `${attempts}${kernelText("philox.wgsl")}${kernelText("random.wgsl")}`;
      using kernel = await opened.compile(text, { entryPoint: "generate" });
      for (const [[low, high, attempt, stream], key, answer] of known) {
        using result = opened.allocate(16);
        const p = Uint32Array.of(1, 1, low, high, 0, 4, stream, ...key, attempt, 0, 0, 0, 0, 0, 0);
        opened.dispatchThreads(kernel, { p, result }, 1);
        expect(await wordsIn(opened, result, 4)).toEqual(Uint32Array.from(answer));
      }
    });

    it("draw bool and u32 as the CPU path does", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const m = bindMatrix(runtime).random;
      for (const size of [1, 3, 257]) {
        const source = { shape: [size], seed: 3, offset: 2 };
        for (const draw of [
          (placement: "cpu" | "gpu") => m.bernoulli({ ...source, probability: 0.4, placement, strict: true }),
          (placement: "cpu" | "gpu") =>
            m.integers({ ...source, low: 5, high: 2 ** 32, dtype: "u32", placement, strict: true }),
        ]) {
          using onDevice = await draw("gpu");
          using onHost = await draw("cpu");
          expect(onDevice.dtype).toBe(onHost.dtype);
          expect(await onDevice.read()).toEqual(await onHost.read());
        }
      }
      const zero = { seed: 0, shape: [4], placement: "gpu", strict: true } as const;
      using words = await m.integers({ ...zero, high: 2 ** 32, dtype: "u32" });
      expect(await words.read()).toEqual(Uint32Array.from(known[0][2]));
    });

    it("permute positions as the CPU path does", async () => {
      const runtime = new Runtime({ adapters: async () => [adapter] });
      await using _runtime = runtime;
      const { permutation } = bindMatrix(runtime).random;
      for (const count of [0, 1, 33, 5000]) {
        const source = { count, seed: 2n ** 63n + 5n, stream: 9 };
        using onDevice = await permutation({ ...source, placement: "gpu", strict: true });
        using onHost = await permutation({ ...source, placement: "cpu" });
        const order = await onHost.read();
        expect(await onDevice.read()).toEqual(order);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
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

  it("never decrease as the tail probability does", () => {
    for (const [first, last, step] of [
      [2147483647 - 250_000, 2147483647, 97],
      [0, 2000, 1],
      [2 ** 30 - 50_000, 2 ** 30 + 50_000, 37],
    ] as const) {
      let before = Number.POSITIVE_INFINITY;
      for (let word = first; word <= last; word += step) {
        const z = normalOf(word);
        if (z > before) expect.fail(`word ${word}: ${z} after ${before}`);
        before = z;
      }
    }
  });

  it("keep to their range, and are the plain ones scaled", async () => {
    const source = { seed: 8, shape: [5000] };
    const plain = await (await gpu.random.normal(source)).read();
    const scaled = await (await gpu.random.normal({ ...source, mean: 1.7, deviation: 0.1 })).read();
    const [mean, deviation] = [Math.fround(1.7), Math.fround(0.1)];
    expect(scaled).toEqual(plain.map((z) => Math.fround(z * deviation) + mean));
    const near = await (await gpu.random.uniform({ ...source, low: 2 ** 20, high: 2 ** 20 + 0.25 })).read();
    expect(new Set(near)).toEqual(new Set([2 ** 20, 2 ** 20 + 0.125]));
    const wide = await (await gpu.random.uniform({ ...source, low: -3, high: 7 })).read();
    expect(wide.every((value) => value >= -3 && value < 7)).toBe(true);
  });

  it("permutations are each as likely as the others", async () => {
    const counts = new Map<string, number>();
    for (let stream = 0; stream < 1200; stream++) {
      const order = (await (await gpu.random.permutation({ count: 3, seed: 1, stream })).read()).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const square = [...counts.values()].reduce((sum, found) => sum + (found - 200) ** 2 / 200, 0);
    expect(counts.size).toBe(6);
    // 5 degrees of freedom: 99.9 % are below.
    expect(square).toBeLessThan(20.5);
  });

  it("normal ones are nowhere far from the distribution", async () => {
    const values = (await (await gpu.random.normal({ seed: 21, shape: [count] })).read()).sort();
    let furthest = 0;
    for (let word = 2 ** 20; word < 2 ** 31; word += 2 ** 22) {
      for (const sign of [1, -1]) {
        const limit = sign * normalOf(word);
        const above = (word + 0.5) / 2 ** 32;
        const share = values.findLastIndex((value) => value < limit) + 1;
        furthest = Math.max(furthest, Math.abs(share / count - (sign === 1 ? 1 - above : above)));
      }
    }
    // Kolmogorov and Smirnov: 99.9 % are below.
    expect(furthest).toBeLessThan(1.95 / Math.sqrt(count));
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
        (sum, value) => sum + Number(value),
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
    expect(await said(() => gpu.random.integers({ seed: 1, shape, low: -1, high: 5, dtype: "u32" }))).toMatch(
      /low is -1/,
    );
    expect(await said(() => gpu.random.uniform({ seed: 2n ** 64n, shape }))).toMatch(/seed is 1844/);
    expect(await said(() => gpu.random.uniform({ seed: 1, shape, low: 2, high: 2 }))).toMatch(/high is 2/);
    expect(await said(() => gpu.random.uniform({ seed: 1, shape, low: 1e-40 }))).toMatch(/low is/);
    expect(await said(() => gpu.random.normal({ seed: 1, shape, deviation: -1 }))).toMatch(/deviation is -1/);
    expect(await said(() => gpu.random.normal({ seed: 1, shape, mean: Number.NaN }))).toMatch(/mean is NaN/);
    expect(await said(() => gpu.random.permutation({ seed: 1, count: -1 }))).toMatch(/count is -1/);
    expect(await said(() => gpu.random.bernoulli({ seed: 1, shape, probability: Number.NaN }))).toMatch(
      /is NaN/,
    );
  });
});

describe("the table of the normal distribution", () => {
  it("is the same on every machine", () => {
    let hash = 0x811c9dc5;
    for (const word of normalTable()) hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
    expect(hash.toString(16)).toBe("20853386");
  });
});

import { afterAll, describe, expect, it } from "vitest";
import { bindAgents, type ValidatedMessage as Message, type Rule, rules } from "#src/agents/index.js";
import type { Adapter } from "#src/device/device.js";
import { AikoError } from "#src/errors.js";
import { Runtime } from "#src/runtime/index.js";
import { adapters, onEveryDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { seeded } from "../../support/random.js";

const { banned, charset, classify, far, matches, maxLength, minLength, near, range, rejects } = rules;

interface Letter {
  readonly text: string;
  readonly price: number | null;
  readonly embedding: readonly number[] | Float32Array | undefined;
}

const words = [
  "order",
  "refund",
  "Password:",
  "hunter2",
  "日本",
  "naïve",
  "🦜",
  "2026-11-23",
  "ok",
  "\u0007",
  "ſecret",
];
const width = 12;
const random = seeded(11);
const vector = () => Float32Array.from({ length: width }, () => random() * 2 - 1);
const centre = vector();
const layers = [
  {
    weights: Float32Array.from({ length: width * 5 }, () => random() * 2 - 1),
    biases: Float32Array.from({ length: 5 }, () => random() - 0.5),
  },
  {
    weights: Float32Array.from({ length: 5 * 3 }, () => random() * 2 - 1),
    biases: Float32Array.from({ length: 3 }, () => random() - 0.5),
  },
];

function letters(count: number): Letter[] {
  return Array.from({ length: count }, (_, at) => ({
    text: Array.from({ length: at % 14 }, () => words[Math.floor(random() ** 2 * words.length)] ?? "").join(
      " ",
    ),
    price: at % 23 === 3 ? null : at % 29 === 5 ? NaN : Math.round(random() * 120 - 10),
    embedding: at % 31 === 7 ? undefined : at % 37 === 9 ? vector().fill(NaN, 3, 4) : vector(),
  }));
}

const chain: readonly (readonly [Rule, (letter: Letter) => boolean])[] = [
  [minLength(1), ({ text }) => text.length > 0],
  [maxLength(60), ({ text }) => [...text].length <= 60],
  [charset("no-controls"), ({ text }) => !text.includes("\u0007")],
  [range("price", 0, 100), ({ price }) => price !== null && price >= 0 && price <= 100],
  [banned(["password:", "HUNTER"]), ({ text }) => !/password:|hunter/i.test(text)],
  [rejects(/日本 \p{L}/u), ({ text }) => !/日本 \p{L}/u.test(text)],
  [matches(/^[a-zſ]/iu), ({ text }) => /^[a-zſ]/iu.test(text)],
  [near("embedding", [centre, vector()], 1.1), ({ embedding }) => cosine(embedding, centres[0]) <= 1.1],
  [far("embedding", [centre], 2.2, { metric: "l2" }), ({ embedding }) => l2(embedding) > 2.2],
  [classify("embedding", layers, { class: 1, least: 0.2, most: 0.8 }), ({ embedding }) => fits(embedding)],
];
const nearRule = chain[7]?.[0];
const centres = [nearRule && "centroids" in nearRule ? nearRule.centroids : new Float32Array(0)];

function cosine(given: Letter["embedding"], all: Float32Array = new Float32Array(0)): number {
  if (given === undefined) return NaN;
  let nearest = Infinity;
  for (let start = 0; start < all.length; start += width) {
    let [dot, a, b] = [0, 0, 0];
    for (const [k, value] of given.entries()) {
      const other = all[start + k] ?? 0;
      dot += value * other;
      a += value ** 2;
      b += other ** 2;
    }
    nearest = Math.min(nearest, 1 - dot / Math.sqrt(a * b));
  }
  return nearest;
}

function l2(given: Letter["embedding"]): number {
  return given === undefined ? NaN : Math.hypot(...given.map((value, k) => value - (centre[k] ?? 0)));
}

function fits(given: Letter["embedding"]): boolean {
  if (given === undefined) return false;
  const layer = (values: readonly number[], at: 0 | 1) => {
    const { weights, biases } = layers[at] as (typeof layers)[number];
    return [...biases].map((bias, j) =>
      values.reduce((sum, value, k) => sum + value * (weights[k * biases.length + j] ?? 0), bias),
    );
  };
  const logits = layer(
    layer([...given], 0).map((value) => Math.max(0, value)),
    1,
  ).map(Math.exp);
  const probability = (logits[1] ?? 0) / logits.reduce((sum, each) => sum + each, 0);
  return probability >= 0.2 && probability <= 0.8;
}

const everyRule = chain.map(([rule]) => rule);
const firstOf = (letter: Letter) => chain.findIndex(([, holds]) => !holds(letter));

onEveryDevice(
  "validation",
  (adapter, device) => {
    const runtime = new Runtime({ adapters: async () => [adapter], explore: false, timeoutMs: 240_000 });
    const agents = bindAgents(runtime);
    afterAll(() => runtime.dispose());

    it("gives the verdicts of plain functions on the device and on the CPU", {
      timeout: 240_000,
    }, async () => {
      await device();
      using validator = agents.validator(everyRule);
      expect(await validator.compile()).toBeUndefined();
      for (const count of [0, 1, 33, 600]) {
        const messages = letters(count);
        const expected = messages.map(firstOf);
        for (const placement of ["gpu", "cpu"] as const) {
          const verdicts = await validator.validate(messages, { placement, strict: true });
          expect(
            verdicts.map(({ index }) => index),
            placement,
          ).toEqual(expected);
          expect(verdicts.map(({ ok }) => ok)).toEqual(expected.map((index) => index < 0));
        }
        if (count === 600) expect(new Set(expected).size).toBe(chain.length + 1);
      }
    });

    it("takes what is no text, one long text, and prepared messages", { timeout: 240_000 }, async () => {
      using validator = agents.validator([charset("unicode"), banned(["needle"]), maxLength(2_000_000)]);
      const odd: readonly unknown[] = [
        "",
        "\ud800 alone",
        new Uint8Array([0x61, 0xff]),
        new Uint8Array([0xc0, 0x80]),
        Buffer.from("fine ✓"),
        null,
        7,
        undefined,
        {},
        { text: 5 },
        { text: "needle" },
        { text: new Uint8Array([0x62]) },
        `${"hay ".repeat(250_000)}NEEDLE`,
        "hay\u0000\u001b[31m",
        [],
      ];
      const expected = [-1, 0, 0, 0, -1, -2, -2, -2, -2, -2, 1, -1, 1, -1, -2];
      using prepared = await validator.prepare(odd as readonly Message[]);
      for (const placement of ["gpu", "cpu"] as const) {
        for (const given of [odd as readonly Message[], prepared, prepared]) {
          const verdicts = await validator.validate(given, { placement, strict: true });
          const found = verdicts.map(({ ok, rule, index }) => (rule === "message" ? -2 : ok ? -1 : index));
          expect(found, placement).toEqual(expected);
        }
      }
    });
  },
  { computing: true },
);

describe("a chain without a device", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const agents = bindAgents(runtime);
  afterAll(() => runtime.dispose());

  it("says what is wrong", async () => {
    using validator = agents.validator([
      maxLength(5),
      charset([["a", "z"]]),
      matches(/^a/u),
      rejects("bc"),
      banned(["AD"]),
      range("price", 1, 2),
      near("embedding", [1, 0], 0.5),
    ]);
    const tell = async (message: Message) => (await validator.check(message)).toJSON();
    expect(await tell("abcdef")).toMatchObject({ index: 0, message: "has 6 characters, more than 5" });
    expect(await tell("aé")).toMatchObject({ index: 1, message: expect.stringContaining("U+00E9") });
    expect(await tell("b")).toMatchObject({ index: 2, message: 'does not match "/^a/u"' });
    expect(await tell("abc")).toMatchObject({ index: 3, message: 'matches "/bc/u"' });
    expect(await tell("aad")).toMatchObject({
      index: 4,
      rule: "banned",
      message: 'has the banned text "AD"',
    });
    expect(await tell("aa")).toMatchObject({ index: 5, message: expect.stringContaining("no number") });
    expect(await tell({ text: "a", price: 3 })).toMatchObject({ message: "has 3, not from 1 to 2" });
    expect(await tell({ text: "a", price: 1, embedding: [0, 1] })).toMatchObject({ index: 6, score: 1 });
    expect(await tell({ text: "a", price: 1, embedding: [1] })).toMatchObject({
      index: 6,
      message: expect.stringContaining("no vector of 2 numbers"),
    });
    const passed = { ok: true, index: -1, message: "" };
    expect(await tell({ text: "a", price: 2n, embedding: [2, 0.1] })).toMatchObject(passed);
  });

  it("has JavaScript's engine do what no automaton can, and says so", async () => {
    using validator = agents.validator([
      maxLength(9),
      matches(/^(a+)b\1$/u),
      banned(["aaa"]),
      rejects(/(?=ba)/),
    ]);
    expect(await validator.compile()).toContain("a backreference");
    const verdicts = await validator.validate(["aba", "ab", "aaabaaa", "aabaa", "b".repeat(10)]);
    expect(verdicts.map(({ index }) => index)).toEqual([3, 1, 2, 3, 0]);
  });

  it("bans nothing with an empty list, and takes patterns that contain each other", async () => {
    using none = agents.validator([banned([])]);
    expect((await none.check("anything")).ok).toBe(true);
    using validator = agents.validator([banned(["abcd", "bc", "c", "abcd"], { ignoreCase: false })]);
    const verdicts = await validator.validate(["ab", "xbcx", "ABCD", "c", ""]);
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, false, true, false, true]);
    using thousands = agents.validator([banned(Array.from({ length: 5000 }, (_, at) => `word${at}!`))]);
    const found = await thousands.validate(["word4999!", "word5000!", "xword17!", "word"]);
    expect(found.map(({ ok }) => ok)).toEqual([false, true, false, true]);
  });

  it("answers from the CPU where the device fails, and not where that is forbidden", async () => {
    const broken = {
      backend: "null",
      index: 9,
      id: "null:9",
      kind: "gpu",
      name: "broken",
      vendor: "",
      driver: "",
      limits: adapters.find(({ kind }) => kind === "null")?.limits as Adapter["limits"],
      features: new Set(),
      open: () => Promise.reject(new AikoError("DEVICE_LOST", { message: "it fell over" })),
    } as unknown as Adapter;
    await using failing = new Runtime({ adapters: async () => [broken] });
    using validator = bindAgents(failing).validator([banned(["x"])]);
    const options = { placement: "gpu", report: true } as const;
    const verdicts = await validator.validate(["ox", "cow"], options);
    expect(verdicts.map(({ ok }) => ok)).toEqual([false, true]);
    expect(verdicts.report).toMatchObject({ placement: "cpu", fallback: { code: "DEVICE_LOST" } });
    await failure(() => validator.validate(["ox"], { ...options, strict: true }), "DEVICE_LOST");
    using going = bindAgents(failing).validator([rejects(/(a)\1/)]);
    const { report } = await going.validate(["aa"], options);
    expect(report?.placement).toBe("cpu");
  });

  it("without rules passes every message, and no other thing", async () => {
    using validator = agents.validator([]);
    const verdicts = await validator.validate(["a", null as unknown as string]);
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, false]);
    expect(verdicts[1]?.message).toBe("is null, not a message");
  });

  it("refuses rules that mean nothing", async () => {
    const code = (make: () => unknown) => {
      try {
        make();
        return "none";
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    const wrong: readonly (() => unknown)[] = [
      () => maxLength(-1),
      () => minLength(1.5),
      () => charset([["b", "a"]]),
      () => charset("klingon" as "ascii"),
      () => charset([["ab", "c"]]),
      () => matches("(a"),
      () => matches(/a/y),
      () => banned(["a", ""]),
      () => range("x", 2, 1),
      () => range("x", NaN, 1),
      () => near("e", [], 1),
      () => near("e", [[1, 2], [1]], 1),
      () => near("e", [1, NaN], 1),
      () => near("e", [1, 2], -1),
      () => classify("e", []),
      () => classify("e", [{ weights: Float32Array.of(1, 2, 3), biases: Float32Array.of(1, 2) }]),
      () => classify("e", [{ weights: Float32Array.of(1, 2), biases: Float32Array.of(1) }], { class: 1 }),
      () => agents.validator(["maxLength" as unknown as Rule]),
    ];
    expect(wrong.map(code)).toEqual(wrong.map(() => "INVALID_ARGUMENT"));
    expect(() => matches("(a")).toThrow(/position 0/);
  });

  it("merges checks that come together, and ends with its signal", async () => {
    using validator = agents.validator([maxLength(3), banned(["no"]), range("n", 0, 50)]);
    const messages = Array.from({ length: 200 }, (_, at) => ({ text: at % 3 === 0 ? "no" : "yes", n: at }));
    const verdicts = await Promise.all(messages.map((message) => validator.check(message)));
    expect(verdicts.map(({ index }) => index)).toEqual(
      messages.map(({ text, n }) => (text === "no" ? 1 : n > 50 ? 2 : -1)),
    );
    const { batchers } = runtime.statistics();
    const merged = batchers.find(({ operation }) => operation === "agents.validate");
    expect(merged?.batches).toBeLessThan(50);
    await failure(() => validator.validate(["a"], { signal: AbortSignal.abort() }), "ABORTED");
    using other = agents.validator([maxLength(3)]);
    const prepared = await validator.prepare(["yes", "nobody"]);
    expect((await validator.validate(prepared)).map(({ index }) => index)).toEqual([2, 0]);
    await failure(() => other.validate(prepared), "INVALID_ARGUMENT");
    for (let k = 0; k < 2; k++) prepared.dispose();
    await failure(() => validator.validate(prepared), "DISPOSED");
    validator.dispose();
    await failure(() => validator.check("a"), "DISPOSED");
  });
});

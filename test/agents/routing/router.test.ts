import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type AgentsFamily, bindAgents, type Metric, type Router } from "#src/agents/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { randomFloats, seeded } from "../../support/random.js";
import { type Named, nearestByHand } from "./oracle.js";

function entriesOf(count: number, dimensions: number, seed = 7): Named[] {
  const numbers = randomFloats(count * dimensions, seed);
  return Array.from({ length: count }, (_, at) => ({
    name: `agent ${at}`,
    vector: numbers.subarray(at * dimensions, (at + 1) * dimensions),
  }));
}

function filled(agents: AgentsFamily, metric: Metric, dimensions: number, entries: readonly Named[]): Router {
  const router = agents.router({ dimensions, metric });
  for (const { name, vector } of entries) router.add(name, vector);
  return router;
}

const namesOf = (matches: readonly { readonly name: string }[]) => matches.map(({ name }) => name);

/** Runs the same search in both places: equal to the last bit, and right. */
async function expectEqual(
  router: Router,
  metric: Metric,
  entries: readonly Named[],
  queries: Float32Array,
  k: number,
): Promise<void> {
  const { dimensions } = router.space;
  const gpu = await router.routeAll(queries, { k, placement: "gpu", strict: true, report: true });
  const cpu = await router.routeAll(queries, { k, placement: "cpu" });
  expect(gpu.report?.placement).toBe("gpu");
  expect(gpu.matches).toEqual(cpu.matches);
  for (const [at, matches] of gpu.matches.entries()) {
    const query = queries.subarray(at * dimensions, (at + 1) * dimensions);
    const expected = nearestByHand(metric, entries, query, k);
    expect(matches.length).toBe(expected.length);
    for (const [place, { name, score }] of expected.entries()) {
      const match = matches[place];
      expect(match?.score).toBeCloseTo(score, 9);
      if (match?.name !== name) {
        expect(Math.abs(score - (match?.score ?? 0)), `place ${place}`).toBeLessThan(1e-12);
      }
    }
  }
}

onEveryDevice(
  "routing",
  (adapter) => {
    it("finds the same as the processor and as sorting by hand", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      for (const metric of ["cosine", "dot", "l2"] as const) {
        for (const [count, dimensions, k] of [
          [1, 1, 1],
          [31, 3, 40],
          [257, 17, 5],
          [700, 33, 10],
        ] as const) {
          const entries = entriesOf(count, dimensions);
          using router = filled(agents, metric, dimensions, entries);
          await expectEqual(router, metric, entries, randomFloats(9 * dimensions, 3), k);
        }
      }
    });

    it("sees what is added, replaced and removed, without uploading the rest", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      const dimensions = 64;
      let entries = entriesOf(300, dimensions);
      using router = filled(agents, "cosine", dimensions, entries);
      const random = seeded(4);
      const queries = randomFloats(4 * dimensions, 9);
      await expectEqual(router, "cosine", entries, queries, 6);
      for (let round = 0; round < 6; round++) {
        for (let change = 0; change < 40; change++) {
          const at = Math.floor(random() * entries.length);
          const vector = randomFloats(dimensions, 1000 * round + change);
          const name = entries[at]?.name ?? "";
          if (change % 3 === 0) {
            expect(router.remove(name)).toBe(true);
            entries = entries.filter((entry) => entry.name !== name);
          } else if (change % 3 === 1) {
            router.set(name, vector);
            entries = entries.map((entry) => (entry.name === name ? { name, vector } : entry));
          } else {
            for (let more = 0; more < 5; more++) {
              const added = { name: `new ${round} ${change} ${more}`, vector: vector.map((v) => v + more) };
              router.add(added.name, added.vector);
              entries = [...entries, added];
            }
          }
        }
        expect(router.names()).toEqual(namesOf(entries));
        await expectEqual(router, "cosine", entries, queries, 6);
      }
      const one = await router.route(queries.subarray(0, dimensions), { placement: "gpu", report: true });
      expect(one.matches).toHaveLength(1);
    });

    it("breaks ties by who came first, however many there are", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      using router = agents.router({ dimensions: 2 });
      for (let at = 0; at < 3000; at++) router.add(`same ${at}`, [1, 2]);
      router.remove("same 1");
      router.add("same 1", [2, 4]);
      for (const placement of ["gpu", "cpu"] as const) {
        const { matches } = await router.routeAll(
          [
            [1, 2],
            [3, -1],
          ],
          { k: 3, placement },
        );
        for (const found of matches) expect(namesOf(found)).toEqual(["same 0", "same 2", "same 3"]);
        const all = await router.route([1, 2], { k: 5000, placement });
        expect(all.matches).toHaveLength(3000);
        expect(all.matches.at(-1)?.name).toBe("same 1");
      }
    });

    it("comes back from an eviction with what changed meanwhile", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      let entries = entriesOf(200, 8);
      const router = filled(agents, "l2", 8, entries);
      const queries = randomFloats(3 * 8, 2);
      await expectEqual(router, "l2", entries, queries, 4);
      const memory = await runtime.memory();
      for (const round of [1, 2]) {
        expect(await memory.relieve()).toBeGreaterThan(0);
        const vector = queries.slice(0, 8);
        router.set(`agent ${round}`, vector);
        entries = entries.map((entry) => (entry.name === `agent ${round}` ? { ...entry, vector } : entry));
        await expectEqual(router, "l2", entries, queries, 4);
        await expectEqual(router, "l2", entries, queries, 4);
      }
      router.dispose();
      expect(memory.statistics()).toMatchObject({ inUseBytes: 0, residents: 0 });
    });

    it("leaves out what does not count", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      using router = agents.router({ dimensions: 3, metric: "dot" });
      for (let at = 0; at < 200; at++) {
        router.add(`agent ${at}`, [at, 1, 0], { tags: at % 2 === 0 ? ["even"] : ["odd", "strange"] });
      }
      for (const placement of ["gpu", "cpu"] as const) {
        const route = async (where: object, threshold?: number) =>
          namesOf((await router.route([1, 0, 0], { k: 3, where, placement, threshold })).matches);
        expect(await route({ tags: ["even"] })).toEqual(["agent 198", "agent 196", "agent 194"]);
        expect(await route({ tags: ["strange", "none"] }, 196)).toEqual(["agent 199", "agent 197"]);
        expect(await route({ names: ["agent 3", "agent 150", "agent 7", "agent 9"] })).toEqual([
          "agent 150",
          "agent 9",
          "agent 7",
        ]);
        expect(await route({ tags: ["odd"], test: (name: string) => name < "agent 11" })).toEqual([
          "agent 109",
          "agent 107",
          "agent 105",
        ]);
        expect(await route({ bitmap: Uint32Array.of(5, 0, 0, 0, 0, 0, 0) })).toEqual(["agent 2", "agent 0"]);
        expect(await route({ tags: [] })).toEqual([]);
      }
    });
  },
  { computing: true },
);

describe("a router", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const agents = bindAgents(runtime);
  afterAll(() => runtime.dispose());

  it("finds the same with products as with scores of all", async () => {
    const dimensions = 600;
    const entries = entriesOf(4000, dimensions);
    using router = filled(agents, "cosine", dimensions, entries);
    const queries = randomFloats(300 * dimensions, 5);
    const together = await router.routeAll(queries, { k: 10 });
    for (const at of [0, 255, 256, 299]) {
      const query = queries.subarray(at * dimensions, (at + 1) * dimensions);
      const alone = await router.route(query, { k: 10 });
      expect(alone.matches).toEqual(together.matches[at]);
      expect(namesOf(alone.matches)).toEqual(namesOf(nearestByHand("cosine", entries, query, 10)));
    }
  });

  it("leaves out rows of products that do not count", async () => {
    const dimensions = 64;
    const entries = entriesOf(5000, dimensions);
    using router = agents.router({ dimensions, metric: "l2" });
    for (const [at, { name, vector }] of entries.entries()) {
      router.add(name, vector, { tags: at % 3 === 0 && at < 4500 ? ["third"] : [] });
    }
    const thirds = entries.filter((_, at) => at % 3 === 0 && at < 4500);
    const queries = randomFloats(20 * dimensions, 5);
    const { matches } = await router.routeAll(queries, { k: 7, where: { tags: ["third"] } });
    for (const [at, found] of matches.entries()) {
      const query = queries.subarray(at * dimensions, (at + 1) * dimensions);
      expect(namesOf(found)).toEqual(namesOf(nearestByHand("l2", thirds, query, 7)));
    }
  });

  it("has its single calls merged", async () => {
    const entries = entriesOf(400, 32);
    using router = filled(agents, "dot", 32, entries);
    const queries = randomFloats(50 * 32, 6);
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        router.route(queries.subarray(at * 32, at * 32 + 32), { k: 1 + (at % 3), report: true }),
      ),
    );
    expect(Math.max(...found.map(({ report }) => report?.batch?.size ?? 1))).toBeGreaterThan(1);
    for (const [at, { matches }] of found.entries()) {
      const query = queries.subarray(at * 32, at * 32 + 32);
      expect(namesOf(matches)).toEqual(namesOf(nearestByHand("dot", entries, query, 1 + (at % 3))));
    }
  });

  it("refuses what it cannot compute with", async () => {
    using router = agents.router({ dimensions: 3 });
    router.add("a", [1, 2, 3]);
    await failure(() => agents.router({ dimensions: 0 }), "INVALID_ARGUMENT");
    await failure(() => agents.router({ dimensions: 3, metric: "cos" as Metric }), "INVALID_ARGUMENT");
    await failure(() => agents.router({ dimensions: 3, capacity: -1 }), "INVALID_ARGUMENT");
    await failure(() => router.add("a", [1, 2, 3]), "INVALID_ARGUMENT");
    await failure(() => router.add("", [1, 2, 3]), "INVALID_ARGUMENT");
    const wrong = await failure(() => router.add("b", [1, 2]), "INVALID_ARGUMENT");
    expect(wrong.message).toBe('The vector of "b" has 2 numbers, but the router\'s vectors have 3');
    await failure(() => router.add("b", "text" as unknown as number[]), "INVALID_ARGUMENT");
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const error = await failure(() => router.set("a", [1, bad, 3]), "INVALID_VALUE");
      expect(error.message).toContain(`Number 1 of The vector of "a" is ${bad}`);
      await failure(() => router.route([1, bad, 3]), "INVALID_VALUE");
    }
    await failure(() => router.set("a", [0, 0, 0]), "INVALID_VALUE");
    await failure(() => router.route([0, -0, 0]), "INVALID_VALUE");
    await failure(() => router.route([1, 2, 3, 4]), "INVALID_ARGUMENT");
    await failure(() => router.route("text"), "INVALID_ARGUMENT");
    await failure(() => router.routeAll(new Float32Array(4)), "INVALID_ARGUMENT");
    await failure(() => router.route([1, 2, 3], { k: -1 }), "INVALID_ARGUMENT");
    await failure(() => router.route([1, 2, 3], { k: 1.5 }), "INVALID_ARGUMENT");
    await failure(() => router.route([1, 2, 3], { threshold: Number.NaN }), "INVALID_ARGUMENT");
    await failure(() => router.route([1, 2, 3], { where: { names: ["nobody"] } }), "AGENT_NOT_FOUND");
    await failure(
      () => router.route([1, 2, 3], { where: { bitmap: new Uint32Array(0) } }),
      "INVALID_ARGUMENT",
    );
    expect(router.get("a")?.vector.length).toBe(3);
    expect((await router.route([1, 2, 3])).matches[0]?.score).toBeCloseTo(1, 14);
    using distances = agents.router({ dimensions: 1, metric: "l2" });
    await failure(() => distances.add("far", [1e19]), "INVALID_VALUE");
  });

  it("computes with very short and very long vectors", async () => {
    using router = agents.router({ dimensions: 2 });
    router.add("long", [3e300, 4e300]);
    router.add("short", [4e-300, -3e-300]);
    const { matches } = await router.route([6e-320, 8e-320], { k: 2 });
    expect(namesOf(matches)).toEqual(["long", "short"]);
    expect(matches[0]?.score).toBeCloseTo(1, 3);
  });

  it("answers with nothing where there is nothing, and with all where more is asked for", async () => {
    using router = agents.router({ dimensions: 1 });
    expect((await router.route([1], { k: 5 })).matches).toEqual([]);
    expect((await router.routeAll([])).matches).toEqual([]);
    router.add("a", [1]);
    expect((await router.route([1], { k: 0 })).matches).toEqual([]);
    expect((await router.route([-1], { k: 5 })).matches).toEqual([{ name: "a", score: -1 }]);
    expect(router.remove("b")).toBe(false);
    expect(router.remove("a")).toBe(true);
    expect([router.size, router.has("a"), router.get("a")]).toEqual([0, false, undefined]);
    expect((await router.route([1])).matches).toEqual([]);
  });

  it("embeds texts, concurrent ones together", async () => {
    const asked: number[] = [];
    using router = agents.router({
      dimensions: 2,
      embed: async (texts) => {
        asked.push(texts.length);
        return texts.map((text) => [text.length, 1]);
      },
    });
    await router.setTexts([
      { name: "short", text: "x", tags: ["one"] },
      { name: "long", text: "x".repeat(40) },
    ]);
    const found = await Promise.all(["yy", "y".repeat(60)].map((text) => router.route(text)));
    expect(found.map(({ matches }) => matches[0]?.name)).toEqual(["short", "long"]);
    expect(asked).toEqual([2, 2]);
    expect(router.get("short")?.tags).toEqual(["one"]);
    using broken = agents.router({ dimensions: 2, embed: async () => [[1, 2, 3]] });
    await failure(() => broken.setTexts([{ name: "a", text: "b" }]), "INVALID_ARGUMENT");
    expect(broken.size).toBe(0);
  });

  it("changes while it searches, and every search sees one state", async () => {
    const entries = entriesOf(3000, 64);
    using router = filled(agents, "dot", 64, entries);
    const queries = randomFloats(200 * 64, 8);
    const running = router.routeAll(queries, { k: 4 });
    await new Promise((resolve) => setImmediate(resolve));
    for (const { name } of entries.slice(0, 2999)) router.remove(name);
    const { matches } = await running;
    const lengths = new Set(matches.map((found) => found.length));
    expect(lengths.size).toBe(1);
    expect((await router.routeAll(queries, { k: 4 })).matches.every((found) => found.length === 1)).toBe(
      true,
    );
  });

  it("is aborted and disposed", async () => {
    const router = filled(agents, "dot", 2, entriesOf(10, 2));
    await failure(() => router.route([1, 2], { signal: AbortSignal.abort() }), "ABORTED");
    router.dispose();
    router.dispose();
    await failure(() => router.route([1, 2]), "DISPOSED");
    await failure(() => router.set("a", [1, 2]), "DISPOSED");
  });

  it("is saved and loaded, to the last bit, and refuses damaged files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "router-"));
    try {
      const path = join(folder, "skills.router");
      for (const metric of ["cosine", "l2"] as const) {
        const entries = entriesOf(1500, 5);
        using router = filled(agents, metric, 5, entries);
        router.set("naïve 日本語 🦜", [1, 2, 3, 4, 5], { tags: ["ü"] });
        router.remove("agent 3");
        await router.save(path);
        using copy = agents.router({ dimensions: 5, metric });
        copy.add("gone", [1, 1, 1, 1, 1]);
        await copy.load(path);
        expect(copy.names()).toEqual(router.names());
        expect(copy.get("naïve 日本語 🦜")).toEqual(router.get("naïve 日本語 🦜"));
        const query = randomFloats(5, 2);
        const [saved, loaded] = await Promise.all([
          router.route(query, { k: 20 }),
          copy.route(query, { k: 20 }),
        ]);
        expect(loaded.matches).toEqual(saved.matches);
        const bytes = await readFile(path);
        for (const damaged of [
          Buffer.alloc(0),
          Buffer.from("something else entirely"),
          bytes.subarray(0, 30),
          bytes.subarray(0, bytes.length - 1),
          Buffer.concat([bytes, Buffer.of(0)]),
          Buffer.concat([bytes.subarray(0, 17), Buffer.of(255, 255, 255, 255), bytes.subarray(21)]),
        ]) {
          await writeFile(path, damaged);
          await failure(() => copy.load(path), "INVALID_FILE");
          expect(copy.size).toBe(1500);
        }
        using other = agents.router({ dimensions: 4, metric });
        await writeFile(path, bytes);
        await failure(() => other.load(path), "INVALID_FILE");
      }
      using router = agents.router({ dimensions: 1 });
      await failure(() => router.load(join(folder, "none")), "FILE_NOT_FOUND");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

import { afterAll, describe, expect, it } from "vitest";
import { type AgentsFamily, bindAgents, type PropagateOptions } from "#src/agents/index.js";
import { Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { randomFloats, seeded } from "../../support/random.js";
import { byHand, type Edge, hopsByHand, strongestByHand } from "./oracle.js";

function edgesOf(nodes: number, count: number, seed: number): Edge[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => [
    Math.floor(random() * nodes),
    Math.floor(random() ** 3 * nodes),
    Math.fround(random() * 2 - 0.5),
  ]);
}

const arraysOf = (edges: readonly Edge[]) => ({
  from: edges.map(([from]) => from),
  to: edges.map(([, to]) => to),
  weights: edges.map(([, , weight]) => weight),
});

async function graphOf(agents: AgentsFamily, nodes: number, edges: readonly Edge[], directed = true) {
  return agents.graph({ nodes, edges: arraysOf(edges), directed });
}

interface Case {
  readonly nodes: number;
  readonly edges: readonly Edge[];
  readonly columns: number;
  readonly directed: boolean;
  readonly options: PropagateOptions;
}

const one = (
  nodes: number,
  count: number,
  columns: number,
  options: PropagateOptions,
  directed = true,
): Case => ({
  nodes,
  edges: edgesOf(nodes, count, nodes + count),
  columns,
  directed,
  options,
});

const cases: readonly Case[] = [
  one(1, 0, 1, {}),
  one(1, 3, 1, { steps: 3, decay: 0.5 }),
  one(2, 5, 3, { reduce: "max" }),
  one(31, 100, 4, { steps: 4, decay: 0.9, restart: 0.15, normalize: "out" }, false),
  one(33, 300, 16, { steps: 5, reduce: "mean", decay: 0.7 }),
  one(256, 2000, 32, { steps: 3, decay: 0.3, restart: 0.2 }),
  one(257, 3000, 7, { steps: 2, reduce: "last", decay: 1.5 }, false),
  one(255, 900, 16, { steps: 2, reduce: "last" }),
  one(257, 5000, 8, { steps: 3, reduce: "max", decay: 0.5, normalize: "in" }),
  one(1000, 700, 2, { steps: 70, decay: 0.1 }),
];

async function expectEqual(agents: AgentsFamily, placement: "gpu" | "cpu", work: Case): Promise<void> {
  const { nodes, edges, columns, directed, options } = work;
  const values = randomFloats(nodes * columns, 3);
  using graph = await graphOf(agents, nodes, edges, directed);
  const { values: found, report } = await graph.propagate(values, {
    ...options,
    placement,
    strict: true,
    report: true,
  });
  expect(report?.placement).toBe(placement);
  expect(found.shape).toEqual([nodes, columns]);
  expect(await found.read()).toEqual(byHand(nodes, edges, directed, values, options));
  found.dispose();
}

/** Few sources, so that ways differ, and a wide spread of weights. */
const traced = edgesOf(40, 90, 5).map(([from, to, weight]): Edge => [from, to, weight < -0.3 ? 0 : weight]);
const sources = [3, 17, 30];

async function expectTraced(agents: AgentsFamily, placement: "gpu" | "cpu"): Promise<void> {
  using graph = await graphOf(agents, 40, traced);
  const values = new Float32Array(40 * 2);
  for (const source of sources) values[2 * source + 1] = 1;
  for (const steps of [1, 2, 5]) {
    const options = { steps, decay: 0.8, placement, strict: true };
    const first = await graph.propagate(values, { ...options, provenance: "first" });
    const hops = hopsByHand(40, traced, sources, steps);
    expect(Array.from(first.provenance?.hop ?? [])).toEqual(hops);
    expect(Array.from(first.provenance?.source ?? [], (source) => source >= 0)).toEqual(
      hops.map((hop) => hop >= 0),
    );
    for (const source of sources) expect(first.provenance?.source[source]).toBe(source);
    const strongest = await graph.propagate(values, { ...options, provenance: "strongest", sources });
    const expected = strongestByHand(40, traced, sources, steps, 0.8);
    expect(Array.from(strongest.provenance?.source ?? [])).toEqual(expected.map(({ source }) => source));
    expected.forEach(({ strength }, node) => {
      expect(strongest.provenance?.strength[node]).toBeCloseTo(strength, 5);
    });
    for (const { values: found } of [first, strongest]) {
      expect(await found.read()).toEqual(byHand(40, traced, true, values, options));
    }
  }
}

onEveryDevice(
  "propagation",
  (adapter) => {
    it("makes the numbers that are made by hand, to the last bit", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      for (const work of cases) await expectEqual(agents, "gpu", work);
    }, 240_000);

    it("tells where values come from", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      await expectTraced(agents, "gpu");
    }, 240_000);

    it("keeps what it computed on the device, and takes it from there", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      await using agents = bindAgents(runtime);
      const edges = edgesOf(100, 500, 9);
      using graph = await graphOf(agents, 100, edges);
      using start = Matrix.from(randomFloats(400, 1), [100, 4]);
      const options = { placement: "gpu", strict: true, decay: 0.25, report: true } as const;
      using once = (await graph.propagate(start, options)).values;
      const again = await graph.propagate(once, options);
      expect(again.report?.bytes).toBeGreaterThan(0);
      expect(await again.values.read()).toEqual(
        byHand(100, edges, true, await start.read(), { steps: 2, decay: 0.25 }),
      );
      again.values.dispose();
    });
  },
  { computing: true },
);

describe("a graph of agents", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const agents = bindAgents(runtime);
  afterAll(() => runtime.dispose());

  it("makes the numbers that are made by hand, and tells where they come from", async () => {
    for (const work of cases) await expectEqual(agents, "cpu", work);
    await expectEqual(agents, "cpu", one(3000, 40_000, 16, { steps: 3, decay: 0.1 }));
    await expectTraced(agents, "cpu");
  });

  it("ranks as PageRank does", async () => {
    const edges: Edge[] = [
      [0, 1, 1],
      [0, 2, 1],
      [1, 2, 1],
      [2, 0, 1],
      [3, 2, 1],
    ];
    using graph = await graphOf(agents, 4, edges);
    const { values } = await graph.propagate(new Float32Array(4).fill(0.25), {
      steps: 60,
      normalize: "out",
      restart: 0.15,
    });
    const found = await values.read();
    // The solution of the four equations for damping 0.85.
    [0.372526, 0.195824, 0.39415, 0.0375].forEach((value, node) => {
      expect(found[node]).toBeCloseTo(value, 5);
    });
  });

  it("changes as agents join, connect, disconnect and leave", async () => {
    let edges = edgesOf(20, 60, 2);
    using graph = await graphOf(agents, 20, edges);
    const same = async (nodes: number) => {
      const values = randomFloats(nodes * 2, 4);
      const { values: found } = await graph.propagate(values, { steps: 2 });
      expect(await found.read()).toEqual(byHand(nodes, edges, true, values, { steps: 2 }));
    };
    await same(20);
    expect(graph.join(3)).toBe(20);
    expect(graph.nodes).toBe(23);
    await same(23);
    const more: Edge[] = [
      [22, 0, 2],
      [3, 21, 0.5],
      [4, 4, -1],
    ];
    await graph.connect(arraysOf(more));
    edges = [...edges, ...more];
    await same(23);
    graph.leave(4);
    edges = edges.filter(([from, to]) => from !== 4 && to !== 4);
    await same(23);
    const [from, to] = edges[7] ?? [0, 0];
    graph.disconnect(from, to);
    edges = edges.filter(([a, b]) => a !== from || b !== to);
    await graph.connect({ from: [4, from], to: [5, to], weights: [0.25, 3] });
    edges = [...edges, [4, 5, 0.25], [from, to, 3]];
    await same(23);
    await same(23);
  });

  it("takes compressed rows, weights of 1, and edges that lead both ways", async () => {
    const rows = { rowStarts: [0, 2, 2, 4], targets: [1, 2, 0, 2] };
    const edges: Edge[] = [
      [0, 1, 1],
      [0, 2, 1],
      [2, 0, 1],
      [2, 2, 1],
    ];
    const values = Float32Array.of(1, 10, 100);
    for (const directed of [true, false]) {
      using graph = await agents.graph({ nodes: 3, edges: rows, directed });
      const { values: found } = await graph.propagate(Matrix.from(values, [3]));
      expect(found.shape).toEqual([3]);
      expect(await found.read()).toEqual(byHand(3, edges, directed, values, {}));
    }
  });

  it("lets NaN and infinities spread along the edges, and no further", async () => {
    using graph = await graphOf(agents, 4, [
      [0, 1, 1],
      [1, 2, 1],
    ]);
    const { values } = await graph.propagate(Float32Array.of(Number.NaN, Infinity, 5, -0));
    expect(await values.read()).toEqual(Float32Array.of(0, Number.NaN, Infinity, 0));
  });

  it("gives back what it got after no step, and nothing for nobody", async () => {
    using graph = await graphOf(agents, 2, [[0, 1, 1]]);
    const none = await graph.propagate(Float32Array.of(1, 0), { steps: 0, provenance: "first" });
    expect(await none.values.read()).toEqual(Float32Array.of(1, 0));
    expect(none.provenance).toEqual({
      source: Int32Array.of(0, -1),
      hop: Int32Array.of(0, -1),
      strength: Float32Array.of(1, 0),
    });
    using empty = await agents.graph({ nodes: 0 });
    expect(await (await empty.propagate(new Float32Array(0))).values.read()).toEqual(new Float32Array(0));
  });

  it("refuses what does not fit", async () => {
    const make = (edges: object, nodes = 3) => agents.graph({ nodes, edges: edges as { from: []; to: [] } });
    const bad = await failure(() => make({ from: [0, 1], to: [1, 3] }), "INVALID_ARGUMENT");
    expect(bad.message).toBe("Edge 1 goes from agent 1 to agent 3 of a graph of 3");
    await failure(() => make({ from: [-1], to: [0] }), "INVALID_ARGUMENT");
    await failure(() => make({ from: [0.5], to: [0] }), "INVALID_ARGUMENT");
    await failure(() => make({ from: [0, 1], to: [0] }), "INVALID_ARGUMENT");
    await failure(() => make({ from: [0], to: [0], weights: [] }), "INVALID_ARGUMENT");
    for (const weight of [Number.NaN, Infinity, 1e39]) {
      await failure(() => make({ from: [0], to: [0], weights: [weight] }), "INVALID_VALUE");
    }
    await failure(() => make({ rowStarts: [0, 1], targets: [0] }), "INVALID_ARGUMENT");
    await failure(() => make({ rowStarts: [0, 2, 1, 2], targets: [0, 1] }), "INVALID_ARGUMENT");
    await failure(() => make({ from: [], to: [] }, -1), "INVALID_ARGUMENT");
    await failure(() => make({ from: [], to: [] }, 1.5), "INVALID_ARGUMENT");
    const graph = await make({ from: [0], to: [1] });
    const refused = (options: object) =>
      failure(() => graph.propagate(new Float32Array(3), options), "INVALID_ARGUMENT");
    for (const decay of [-1, Number.NaN, Infinity]) await refused({ decay });
    for (const steps of [-1, 0.5, 65_537, Infinity]) await refused({ steps });
    for (const restart of [-0.1, 1.1, Number.NaN]) await refused({ restart });
    await refused({ reduce: "product" });
    await refused({ normalize: "all" });
    await refused({ provenance: "last" });
    await refused({ provenance: "first", sources: [3] });
    await failure(() => graph.propagate(new Float32Array(4)), "INVALID_ARGUMENT");
    await failure(() => graph.propagate(Matrix.zeros([2, 2])), "INVALID_ARGUMENT");
    await failure(async () => graph.leave(3), "INVALID_ARGUMENT");
    await failure(async () => graph.disconnect(0, 3), "INVALID_ARGUMENT");
    await failure(async () => graph.join(-1), "INVALID_ARGUMENT");
    const signal = AbortSignal.abort();
    await failure(() => graph.propagate(new Float32Array(3), { signal }), "ABORTED");
    graph.dispose();
    graph.dispose();
    await failure(() => graph.propagate(new Float32Array(3)), "DISPOSED");
  });
});

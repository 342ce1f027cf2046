import { afterAll, describe, expect, it } from "vitest";
import {
  arrayBoard,
  bruteForceBoard,
  bucketBoard,
  change,
  circles,
  population,
  post,
  react,
  simulation,
  spatialBoard,
} from "#src/agents/boards/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";

type Placement = "gpu" | "cpu";

/** The same of both places, and of a rule told without either. */
async function both<T>(make: (placement: Placement) => Promise<T>): Promise<T> {
  const [gpu, cpu] = [await make("gpu"), await make("cpu")];
  expect(gpu).toEqual(cpu);
  return gpu;
}

onEveryDevice(
  "simulations",
  (adapter) => {
    const runtime = new Runtime({ adapters: async () => [adapter], timeoutMs: 240_000 });
    afterAll(() => runtime.dispose());
    const isExact = adapter.backend !== "webgpu";

    it("move circles as the CPU does", async () => {
      const moved = async (placement: Placement) => {
        using made = await circles(runtime, { count: 2000, density: 0.7, seed: 3 });
        for (const steps of [1, 9])
          await made.simulation.run(steps, { placement, strict: placement === "gpu" });
        return made.agents.read("x");
      };
      const [gpu, cpu] = [await moved("gpu"), await moved("cpu")];
      if (isExact) expect(gpu).toEqual(cpu);
      else expect(Math.max(...gpu.map((each, at) => Math.abs(each - (cpu[at] ?? 0))))).toBeLessThan(1e-2);
    }, 240_000);

    it("let agents live, die and be born, in order, and draw their own numbers", async () => {
      const run = (count: number) => async (placement: Placement) => {
        using cells = population({ count, fields: { age: "i32", luck: "f32", parent: "u32" } });
        const grow = change(
          cells,
          (me, { random }) => ({ age: me.age.plus(1), luck: random().minus(0.5).plus(random()) }),
          {
            alive: (me) => me.id.remainder(3).notEqual(0).or(me.age.less(1)),
            child: (me) => ({ when: me.id.bitAnd(1).equal(1).and(me.age.less(2)), age: 0, parent: me.id }),
          },
        );
        const world = simulation(runtime, { stages: [grow], seed: 2n ** 40n + 7n });
        await world.run(3, { placement, strict: placement === "gpu" });
        const fields = ["id", "age", "luck", "parent"] as const;
        return Promise.all(fields.map((field) => cells.read(field)));
      };
      for (const count of [1, 33, 300]) {
        const [id, age, luck, parent] = await both(run(count));
        const expected = livesOf(count, 3);
        expect([...(id ?? [])]).toEqual(expected.map((each) => each.id));
        expect([...(age ?? [])]).toEqual(expected.map((each) => each.age));
        expect([...(parent ?? [])]).toEqual(expected.map((each) => each.parent));
        const own = [...(luck ?? [])].filter((_, at) => (age?.[at] ?? 0) > 0);
        expect(new Set(own).size).toBe(own.length);
        for (const each of luck ?? []) expect(each >= -0.5 && each < 1.5).toBe(true);
      }
    }, 240_000);

    it("keep, append to and overwrite what is written", async () => {
      const run = async (placement: Placement) => {
        using writers = population({ count: 40, fields: { key: "u32", n: "u32", order: "u32" } });
        using board = bucketBoard({ buckets: 5, fields: { n: "u32" }, persistent: true });
        const next = change(writers, (me, { step }) => ({
          key: me.id.plus(step).remainder(5),
          n: me.n.plus(1),
        }));
        const add = post(writers, board, (me) => ({ key: me.key, n: me.n.plus(me.id.shiftLeft(8)) }), {
          append: true,
          when: (me) => me.id.less(10),
        });
        const see = react(
          writers,
          board,
          (_me, message, near) => ({ order: near.fold("u32", 1, (all) => all.times(33).plus(message.n)) }),
          (_me, seen) => seen,
        );
        const world = simulation(runtime, { stages: [next, add, see] });
        const counts: number[] = [];
        for (const steps of [1, 2]) {
          await world.run(steps, { placement, strict: placement === "gpu" });
          counts.push(board.count);
        }
        const appended = await writers.read("order");
        const replace = post(writers, board, (me) => ({ key: 0, n: me.id }));
        await simulation(runtime, { stages: [replace] }).run(1, { placement });
        return { counts: [...counts, board.count], appended };
      };
      const { counts, appended } = await both(run);
      expect(counts).toEqual([10, 30, 40]);
      expect([...appended]).toEqual(ordersOf());
    }, 240_000);

    it("report what has no place, stands twice, or crowds, and change nothing", async () => {
      for (const placement of ["gpu", "cpu"] as const) {
        const options = { placement, strict: placement === "gpu" };
        using agents = population({
          count: 300,
          fields: { x: "u32", y: "u32", hits: "u32" },
          values: { x: Uint32Array.from({ length: 300 }, (_, at) => at % 299) },
        });
        using grid = arrayBoard({ size: [299, 2], name: "grid" });
        const mark = change(agents, () => ({ hits: 1 }));
        const write = post(agents, grid, (me) => ({ x: me.x, y: me.y }));
        const see = react(
          agents,
          grid,
          (_me, _message, near) => ({ hits: near.count() }),
          (_me, seen) => seen,
        );
        const twice = await failure(
          () => simulation(runtime, { stages: [mark, write, see] }).run(1, options),
          "INVALID_VALUE",
        );
        expect(twice.message).toContain("message 299 went to a place of grid");
        const outside = post(agents, grid, (me) => ({ x: me.x, y: me.x.minus(5) }));
        const error = await failure(
          () => simulation(runtime, { stages: [outside, see] }).run(1, options),
          "INVALID_VALUE",
        );
        expect(error.message).toContain("agent 0 of agents and");
        using crowded = bruteForceBoard({ limit: 299, name: "square" });
        const shout = post(agents, crowded, () => ({}));
        const hear = react(
          agents,
          crowded,
          (_me, _m, near) => ({ hits: near.count() }),
          (_me, seen) => seen,
        );
        const crowd = await failure(
          () => simulation(runtime, { stages: [shout, hear] }).run(1, options),
          "OVERFLOW",
        );
        expect(crowd.message).toContain("would see more than 299 messages of square");
        expect(new Set(await agents.read("hits"))).toEqual(new Set([0]));
      }
    }, 240_000);
  },
  { computing: true },
);

interface Life {
  readonly id: number;
  readonly age: number;
  readonly parent: number;
}

function livesOf(count: number, steps: number): readonly Life[] {
  let lives: Life[] = Array.from({ length: count }, (_, id) => ({ id, age: 0, parent: 0 }));
  let next = count;
  for (let step = 0; step < steps; step++) {
    const children = lives
      .filter(({ id, age }) => id % 2 === 1 && age < 2)
      .map(({ id }) => ({ id: next++, age: 0, parent: id }));
    const stay = lives.filter(({ id, age }) => id % 3 !== 0 || age < 1);
    lives = [...stay.map((each) => ({ ...each, age: each.age + 1 })), ...children];
  }
  return lives;
}

/** What agents see after three steps: their bucket's messages, the oldest first. */
function ordersOf(): readonly number[] {
  const messages: { readonly key: number; readonly n: number }[] = [];
  for (let step = 0; step < 3; step++) {
    for (let id = 0; id < 10; id++) messages.push({ key: (id + step) % 5, n: step + 1 + id * 256 });
  }
  return Array.from({ length: 40 }, (_, id) =>
    messages
      .filter(({ key }) => key === (id + 2) % 5)
      .reduce((all, { n }) => (Math.imul(all, 33) + n) >>> 0, 1),
  );
}

describe("simulations on the CPU alone", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  afterAll(() => runtime.dispose());

  it("make circles: agents drift less and less, and the middle of all stays", async () => {
    using made = await circles(runtime, { count: 400, dimensions: 2, density: 1, strength: 0.2 });
    const middle = (values: Float32Array) => values.reduce((sum, each) => sum + each, 0) / values.length;
    const before = middle(await made.agents.read("x"));
    await made.simulation.run(1);
    const first = middle(await made.agents.read("drift"));
    await made.simulation.run(60);
    expect(middle(await made.agents.read("drift"))).toBeLessThan(first / 2);
    expect(Math.abs(middle(await made.agents.read("x")) - before)).toBeLessThan(0.2);
    expect(new Set(await made.agents.read("z"))).toEqual(new Set([0]));
  });

  it("do nothing with nobody, and in no steps", async () => {
    using made = await circles(runtime, { count: 0 });
    expect(await made.simulation.run(5)).toMatchObject({ step: 5 });
    expect(await made.agents.read("x")).toHaveLength(0);
    using one = await circles(runtime, { count: 1 });
    expect(await one.simulation.run(0)).toMatchObject({ step: 0 });
    await one.simulation.run(3);
    expect([...(await one.agents.read("drift"))]).toEqual([0]);
  });

  it("take the nearest, means and extremes", async () => {
    using agents = population({
      count: 4,
      fields: { x: "f32", y: "f32", who: "u32", mean: "f32", low: "f32", high: "i32", far: "f32" },
      values: { x: [0, 1, 3, 50] },
    });
    using board = spatialBoard({ radius: 4, min: [0, 0], max: [10, 10], fields: { who: "u32" } });
    const write = post(agents, board, (me) => ({ x: me.x, y: me.y, who: me.id }));
    const see = react(
      agents,
      board,
      (me, message, near) => {
        const isOther = message.who.notEqual(me.id);
        return {
          nearest: near.nearest(near.distance, { who: message.who }, isOther),
          mean: near.mean(message.x),
          low: near.min(message.x, isOther, -1),
          high: near.max(message.who.as("i32"), isOther),
        };
      },
      (_me, { nearest, mean, low, high }) => ({ who: nearest.who, far: nearest.by, mean, low, high }),
    );
    await simulation(runtime, { stages: [write, see] }).run();
    expect([...(await agents.read("who"))]).toEqual([1, 0, 1, 0]);
    expect([...(await agents.read("far"))]).toEqual([1, 1, 2, Number.POSITIVE_INFINITY]);
    expect([...(await agents.read("mean"))]).toEqual([4, 4, 4, 150].map((sum) => Math.fround(sum / 3)));
    expect([...(await agents.read("low"))]).toEqual([1, 0, 0, -1]);
    expect([...(await agents.read("high"))]).toEqual([2, 2, 1, -(2 ** 31)]);
  });

  it("refuse positions that are not finite, or outside of a space that wraps", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      using agents = population({ count: 3, fields: { x: "f32", y: "f32" }, values: { x: [1, bad, 2] } });
      using board = spatialBoard({ radius: 1, min: [0, 0], max: [4, 4], wrap: true });
      const write = post(agents, board, (me) => ({ x: me.x, y: me.y }));
      const error = await failure(() => simulation(runtime, { stages: [write] }).run(), "INVALID_VALUE");
      expect(error.message).toContain("agent 1 of agents wrote a message that has no place");
    }
  });

  it("hold what they may", async () => {
    using agents = population({ count: 8, fields: { n: "u32" }, capacity: 20 });
    const double = change(agents, () => ({}), { child: () => ({ when: true }) });
    const world = simulation(runtime, { stages: [double] });
    await world.run(1);
    const error = await failure(() => world.run(1), "OVERFLOW");
    expect(error.message).toBe("There would be 32 agents, and there may be 20");
    expect([agents.count, world.step]).toEqual([16, 1]);
    using board = bucketBoard({ buckets: 2, capacity: 7, name: "letters" });
    const write = post(agents, board, (me) => ({ key: me.id.remainder(2) }));
    const full = await failure(() => simulation(runtime, { stages: [write] }).run(), "OVERFLOW");
    expect(full.message).toBe("There are 16 messages for letters, which holds 7");
  });

  it("stop when told to, and are not run twice at once", async () => {
    using made = await circles(runtime, { count: 3000 });
    const controller = new AbortController();
    const running = made.simulation.run(10_000, {
      signal: controller.signal,
      progress: () => controller.abort(),
    });
    await failure(() => made.simulation.run(1), "INVALID_ARGUMENT");
    await failure(() => running, "ABORTED");
    expect(made.simulation.step).toBe(0);
    await made.simulation.run(1);
  });

  it("refuse what cannot be", async () => {
    const fields = { x: "f32", y: "f32" } as const;
    using agents = population({ count: 2, fields });
    const bad: (() => unknown)[] = [
      () => population({ count: -1, fields }),
      () => population({ count: 1.5, fields }),
      () => population({ count: 2 ** 31, fields }),
      () => population({ count: 1, fields: { x: "f64" as "f32" } }),
      () => population({ count: 1, fields: { id: "u32" } }),
      () => population({ count: 2, fields, values: { x: [1] } }),
      () => population({ count: 1, fields: { n: "u32" }, values: { n: [-1] } }),
      () => population({ count: 1, fields: { n: "i32" }, values: { n: 0.5 } }),
      () => spatialBoard({ radius: 0, min: [0, 0], max: [1, 1] }),
      () => spatialBoard({ radius: Number.NaN, min: [0, 0], max: [1, 1] }),
      () => spatialBoard({ radius: 1, min: [0], max: [1] }),
      () => spatialBoard({ radius: 1, min: [0, 1], max: [1, 1] }),
      () => spatialBoard({ radius: 3, min: [0, 0], max: [5, 9], wrap: true }),
      () => bucketBoard({ buckets: 0 }),
      () => arrayBoard({ size: [] }),
      () => arrayBoard({ size: [5000, 5000] }),
      () => arrayBoard({ size: [5], reach: -1 }),
      () => arrayBoard({ size: [5], neighbourhood: "hexagon" as "moore" }),
      () => bruteForceBoard({ limit: 0 }),
      () => bruteForceBoard({ capacity: 0.5 }),
      () => circles(runtime, { count: -1 }),
      () => circles(runtime, { count: 10, radius: 0 }),
      () => simulation(runtime, { stages: [] }),
      () => simulation(runtime, { stages: [change(agents, () => ({}))], seed: 0.5 }),
      () => simulation(runtime, { stages: [change(agents, () => ({}))] }).run(-1),
      () => change(agents, () => ({ z: 1 }) as object),
      () => change(agents, (me) => ({ x: me.id as never })),
      () => change(agents, () => ({ x: "1" as never })),
      () => post(agents, bruteForceBoard({ fields: { n: "u32" } }), () => ({})),
      () => post(agents, bruteForceBoard(), () => ({ n: 1 }) as object),
    ];
    for (const each of bad) await failure(each, "INVALID_ARGUMENT");
  });

  it("bound the cells of a space whose radius is tiny", () => {
    using board = spatialBoard({ radius: 1e-6, min: [0, 0, 0], max: [1e6, 1e6, 1e6] });
    expect(board.form.cells[0] * board.form.cells[1] * board.form.cells[2]).toBeLessThanOrEqual(2 ** 22);
  });
});

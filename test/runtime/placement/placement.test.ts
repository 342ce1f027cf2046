import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Operation, Placement, Work } from "#src/runtime/index.js";
import { Exploration } from "#src/runtime/placement/exploration.js";
import { Learned } from "#src/runtime/placement/learned.js";
import { Placer } from "#src/runtime/placement/placer.js";
import { CalibrationStore } from "#src/runtime/placement/store.js";
import { transferMs } from "#src/runtime/placement/transfer.js";
import { FakeAdapter } from "../../support/fake-device.js";
import { seeded } from "../../support/random.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-placement-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function operation(rates: Partial<Operation<number, number>["rates"]>): Operation<number, number> {
  const rate = { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 1e6 };
  return {
    name: "simulated",
    engine: "engine",
    rates: { engine: rate, gpu: rate, cpu: rate, ...rates },
    work: (n): Work => ({ flops: 2 * n, bytes: 8 * n, hostBytes: 4 * n, deviceBytes: 0, resultBytes: 4 * n }),
    gpu: async (n) => n,
    cpu: async (n) => n,
  };
}

describe("a transfer curve", () => {
  const curve = [
    { bytes: 100, uploadMs: 1, downloadMs: 2 },
    { bytes: 200, uploadMs: 2, downloadMs: 2 },
    { bytes: 1000, uploadMs: 4, downloadMs: 10 },
  ];

  it("is linear between its points and beyond the last, and flat before the first", () => {
    expect(
      [0, 50, 100, 150, 200, 600, 1000, 1400].map((bytes) => transferMs(curve, "uploadMs", bytes)),
    ).toEqual([0, 1, 1, 1.5, 2, 3, 4, 5]);
    expect(transferMs(curve, "downloadMs", 1400)).toBe(14);
  });

  it("never predicts less for more, however noisy its points", () => {
    const noisy = [
      { bytes: 100, uploadMs: 5, downloadMs: 5 },
      { bytes: 200, uploadMs: 3, downloadMs: 3 },
    ];
    expect(transferMs(noisy, "uploadMs", 10_000)).toBeGreaterThanOrEqual(5);
    expect(transferMs([], "uploadMs", 10)).toBe(0);
  });
});

describe("what was learned", () => {
  const assumed = (effort: number) => ({ fixedMs: 1, scaledMs: effort / 1000 });
  const assumedMs = (effort: number) => 1 + effort / 1000;

  it("is nothing at first, then the median of what was measured", () => {
    const learned = new Learned();
    expect(learned.predict(1000, assumed(1000))).toBe(2);
    expect(learned.isSure(1000)).toBe(false);
    for (const ms of [4, 4, 400, 4, 4]) learned.record(1000, assumed(1000), ms);
    expect(learned.predict(1000, assumed(1000))).toBeCloseTo(4, 5);
    expect(learned.isSure(1000)).toBe(true);
    expect(learned.isSure(1e6)).toBe(false);
  });

  it("grows old where calls go elsewhere", () => {
    const learned = new Learned();
    for (let i = 0; i < 3; i++) learned.record(1000, assumed(1000), 4);
    for (let i = 0; i < 50; i++) learned.ask(1000);
    expect(learned.isSure(1000)).toBe(true);
    learned.ask(1000);
    expect(learned.isSure(1000)).toBe(false);
    learned.record(1000, assumed(1000), 4);
    expect(learned.isSure(1000)).toBe(true);
  });

  it("is not misled by one disturbed call of two", () => {
    const learned = new Learned();
    for (const ms of [431, 83]) learned.record(1000, assumed(1000), ms);
    expect(learned.predict(1000, assumed(1000))).toBeCloseTo(83, 0);
  });

  it("forgets what has not been true for a while", () => {
    const learned = new Learned();
    for (let i = 0; i < 10; i++) learned.record(1000, assumed(1000), 4);
    for (let i = 0; i < 3; i++) learned.record(1000, assumed(1000), 16);
    expect(learned.predict(1000, assumed(1000))).toBeCloseTo(16, 5);
  });

  it("tells a slow start from a slow rate", () => {
    const slowStart = new Learned();
    for (let i = 0; i < 3; i++) slowStart.record(10, assumed(10), 500);
    expect(slowStart.predict(1e7, assumed(1e7))).toBeLessThan(2 * assumedMs(1e7));
    const slowRate = new Learned();
    for (const effort of [10, 100, 1e4, 1e5])
      slowRate.record(effort, assumed(effort), 1 + (5 * effort) / 1000);
    const large = slowRate.predict(1e8, assumed(1e8)) / (5 * 1e5);
    expect(large).toBeGreaterThan(0.8);
    expect(large).toBeLessThan(1.25);
    expect(slowRate.predict(1, assumed(1))).toBeGreaterThan(0.75);
    expect(slowRate.predict(1, assumed(1))).toBeLessThan(1.25);
  });

  it("follows what lies between the sizes measured, whatever was assumed", () => {
    const learned = new Learned();
    const truth = (effort: number) => 3 + 2 * Math.sqrt(effort);
    for (let effort = 1; effort < 1e7; effort *= 2) learned.record(effort, assumed(effort), truth(effort));
    for (let effort = 1.5; effort < 4e6; effort *= 2.3) {
      expect(learned.predict(effort, assumed(effort)) / truth(effort)).toBeCloseTo(1, 0);
    }
  });

  it("survives being written down", () => {
    const learned = new Learned();
    for (let i = 1; i < 50; i++) learned.record(i * 1000, assumed(i * 1000), i);
    const again = new Learned(JSON.parse(JSON.stringify(learned)));
    for (let i = 1; i < 50; i++) {
      const ms = learned.predict(i * 777, assumed(i * 777));
      expect(again.predict(i * 777, assumed(i * 777)) / ms).toBeCloseTo(1, 3);
    }
  });
});

/** A machine with costs of its own, which the operation's assumed rates get wrong. */
function world(wrong: number) {
  let cpuFactor = 1;
  const costs: Record<Placement, (n: number) => number> = {
    cpu: (n) => cpuFactor * (0.01 + (n * 8) / 4e5),
    gpu: (n) => 0.2 + (n * 16) / 6e6,
  };
  const assumed = operation({
    engine: { overheadMs: 0.01 * wrong, flopsPerMs: 1e9, bytesPerMs: 4e5 / wrong },
    gpu: { overheadMs: 0.2 / wrong, flopsPerMs: 1e9, bytesPerMs: 2e6 * wrong },
  });
  const adapter = new FakeAdapter("gpu");
  const downloadMs = (n: number) => 0.02 + (4 * n) / 6e6;
  const call = (placer: Placer, n: number) => {
    const work = assumed.work(n);
    const decision = placer.decide(assumed, work, adapter, true);
    const total = costs[decision.placement](n);
    const run = placer.begin(assumed, work, adapter, decision);
    run.end(decision.placement === "gpu" ? Math.max(1e-3, total - downloadMs(n)) : total, true);
    return { decision, total, best: Math.min(costs.cpu(n), costs.gpu(n)) };
  };
  const slowDown = (factor: number) => {
    cpuFactor = factor;
  };
  return { call, slowDown };
}

describe("placement", () => {
  it.each([0.1, 0.3, 1, 3, 10])("finds the better place though its rates are %f times off", (wrong) => {
    const { call } = world(wrong);
    const placer = new Placer({ directory: undefined, explore: true });
    const next = seeded(42);
    let took = 0;
    let needed = 0;
    for (let i = 0; i < 4000; i++) {
      const { total, best } = call(placer, Math.ceil(10 ** (next() * 7)));
      if (i < 2000) continue;
      took += total;
      needed += best;
    }
    const sizes = Array.from({ length: 200 }, (_, i) => Math.ceil(10 ** ((i / 199) * 7)));
    const good = sizes.filter((n) => {
      const { total, best } = call(placer, n);
      return total <= best * 1.15;
    });
    expect(good.length / sizes.length).toBeGreaterThanOrEqual(0.95);
    expect(took / needed).toBeLessThan(1.1);
  });

  it("comes back to a place that was slow for a while", () => {
    const { call, slowDown } = world(1);
    const placer = new Placer({ directory: undefined, explore: true });
    const size = 3e4;
    slowDown(5);
    for (let i = 0; i < 200; i++) call(placer, size);
    expect(call(placer, size).decision.placement).toBe("gpu");
    slowDown(0.1);
    for (let i = 0; i < 5000; i++) call(placer, size);
    const choices = Array.from({ length: 20 }, () => call(placer, size).decision.placement);
    expect(choices.filter((placement) => placement === "cpu").length).toBeGreaterThan(15);
  });

  it("does not explore when told not to", () => {
    const { call } = world(10);
    const placer = new Placer({ directory: undefined, explore: false });
    const next = seeded(7);
    for (let i = 0; i < 500; i++) {
      const { decision } = call(placer, Math.ceil(10 ** (next() * 7)));
      expect(decision.explores ?? false).toBe(false);
      expect(decision.reason).not.toContain("tried");
      const { gpuMs = 0, cpuMs = 0 } = decision.predicted ?? {};
      expect(decision.placement).toBe(gpuMs < cpuMs ? "gpu" : "cpu");
    }
  });

  it("learns nothing from calls that overlap, compile or fail", () => {
    const placer = new Placer({ directory: undefined, explore: false });
    const adapter = new FakeAdapter("gpu");
    const simulated = operation({});
    const work = simulated.work(1000);
    const decision = { placement: "gpu", reason: "" } as const;
    const before = JSON.stringify(placer.calibration());
    const [first, second] = [0, 1].map(() => placer.begin(simulated, work, adapter, decision));
    first?.end(5, true);
    second?.end(5, true);
    placer.begin(simulated, work, adapter, decision).end(5, false);
    placer.begin(simulated, work, adapter, decision).drop();
    expect(JSON.parse(JSON.stringify(placer.calibration())).engine).toEqual(JSON.parse(before).engine);
    expect(
      Object.values(placer.calibration().devices).flatMap(({ learned }) => Object.keys(learned)),
    ).toEqual([]);
    placer.begin(simulated, work, adapter, decision).end(5, true);
    expect(
      Object.values(placer.calibration().devices).flatMap(({ learned }) => Object.keys(learned)),
    ).toEqual(["simulated, inputs moved"]);
  });
});

describe("exploration", () => {
  it("pays for tries that fail, and for what came before them", () => {
    let clock = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
    const placer = new Placer({ directory: undefined, explore: true });
    const [adapter, slowOnGpu] = [
      new FakeAdapter("gpu"),
      operation({ gpu: { overheadMs: 1, flopsPerMs: 1e6, bytesPerMs: 1e6 } }),
    ];
    const work = slowOnGpu.work(1000);
    const faster = { placement: "cpu", reason: "", predicted: { gpuMs: 2000, cpuMs: 1000 } } as const;
    for (let i = 0; i < 100; i++) placer.begin(slowOnGpu, work, undefined, faster).end(1000, true);
    let tries = 0;
    for (let i = 0; i < 100; i++) {
      const decision = placer.decide(slowOnGpu, work, adapter, false);
      const run = placer.begin(slowOnGpu, work, adapter, decision);
      if (decision.explores !== true) run.end(0.1, true);
      else {
        tries++;
        clock += 200;
        run.drop();
      }
    }
    now.mockRestore();
    expect(tries).toBe(4);
  });

  it("loses no more than what was earned", () => {
    const exploration = new Exploration();
    const next = seeded(3);
    let took = 0;
    let lost = 0;
    for (let i = 0; i < 5000; i++) {
      const best = 10 ** (next() * 4 - 3);
      const predicted = best * (1 + next() * 4);
      const actual = predicted * (0.4 + next() * 2.6);
      const tries = exploration.allows("simulated", predicted - best, predicted);
      const ms = tries ? actual : best;
      took += ms;
      if (tries) lost += Math.max(0, actual - best);
      exploration.settle("simulated", ms, tries ? actual - best : 0);
    }
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(2 + 0.02 * took);
  });
});

describe("a calibration on disk", () => {
  it("is there for the next process", async () => {
    const directory = join(folder, "kept");
    const { call } = world(3);
    const first = new Placer({ directory, explore: true });
    await first.ready();
    for (let i = 0; i < 300; i++) call(first, 1 + i * i);
    await first.dispose();
    const second = new Placer({ directory, explore: true });
    await second.ready();
    expect(second.ready()).toBeUndefined();
    expect(second.calibration()).toEqual(JSON.parse(JSON.stringify(first.calibration())));
  });

  it("keeps what two processes learned at the same time", async () => {
    const directory = join(folder, "shared");
    const placers = [0, 1].map(() => new Placer({ directory, explore: false }));
    const adapters = [0, 1].map((index) =>
      Object.assign(new FakeAdapter("gpu", index), { name: `Fake ${index}` }),
    );
    for (const [at, placer] of placers.entries()) {
      await placer.ready();
      const simulated = { ...operation({}), name: `simulated ${at}` };
      for (const placement of ["gpu", "cpu"] as const) {
        for (let i = 0; i < 2; i++) {
          const work = simulated.work(1000);
          placer.begin(simulated, work, adapters[at], { placement, reason: "" }).end(5, true);
        }
      }
    }
    for (const placer of placers) await placer.dispose();
    const next = await new CalibrationStore(directory).load();
    expect(Object.keys(next?.engine.learned ?? {})).toEqual(["simulated 0", "simulated 1"]);
    const devices = Object.entries(next?.devices ?? {});
    expect(devices.map(([key, { learned }]) => [key, Object.keys(learned)])).toEqual([
      ["Fake 0, 1", ["simulated 0, inputs moved"]],
      ["Fake 1, 1", ["simulated 1, inputs moved"]],
    ]);
  });

  it("is as good as none when damaged or out of reach", async () => {
    const store = new CalibrationStore(folder);
    for (const text of ["", "{", "[]", '"x"', "null"]) {
      writeFileSync(store.path, text);
      const loaded = await store.load();
      expect(loaded?.devices ?? {}).toEqual({});
    }
    writeFileSync(
      store.path,
      JSON.stringify({
        engine: 5,
        devices: { a: { transfer: "fast", learned: { x: [[1, 1, 1, ["y"]]], z: [[1, 2, 3, [4]]] } } },
      }),
    );
    expect(await store.load()).toEqual({
      engine: { learned: {} },
      devices: { a: { learned: { z: [[1, 2, 3, [4]]] } } },
    });
    writeFileSync(join(folder, "file"), "");
    const blocked = new CalibrationStore(join(folder, "file", "below"));
    expect(await blocked.load()).toBeUndefined();
    await blocked.save({ engine: { learned: {} }, devices: {} });
  });
});

import { describe, expect, it } from "vitest";
import { open } from "#src/index.js";
import { type DeviceSource, Monitor, type MonitorSnapshot } from "#src/monitor/index.js";
import { ticks } from "#src/monitor/ticks.js";
import { runModule } from "../support/child.ts";
import { failure } from "../support/errors.js";

const none = { sources: [] } as const;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts how often it is asked. */
function counting(): DeviceSource & { asked: number } {
  return {
    name: "counting",
    asked: 0,
    async sample() {
      this.asked++;
      return [];
    },
  };
}

async function take(snapshots: AsyncIterable<MonitorSnapshot>, count: number): Promise<MonitorSnapshot[]> {
  const taken: MonitorSnapshot[] = [];
  for await (const snapshot of snapshots) {
    taken.push(snapshot);
    if (taken.length === count) break;
  }
  return taken;
}

describe("a snapshot", () => {
  it("has host, process and the runtime's counters", async () => {
    await using gpu = await open({ device: "cpu" });
    await gpu.matrix.multiply([[1, 2]], [[3], [4]]);
    const snapshot = await gpu.monitor.snapshot();
    expect(snapshot.time.getTime()).toBeCloseTo(Date.now(), -4);
    expect(snapshot.process.pid).toBe(process.pid);
    expect(snapshot.runtime?.operations).toMatchObject([
      { operation: "matrix.multiply", placement: "cpu", calls: 1, failures: 0, flops: 4 },
    ]);
    expect(snapshot.eventLoop).toBeUndefined();
  });

  it("shows the devices of the runtime where no other source sees one", async () => {
    const statistics = () => ({
      operations: [],
      fallbacks: [],
      batchers: [],
      devices: [
        {
          id: "opencl:0",
          name: "A device",
          backend: "opencl",
          kind: "gpu",
          state: "open",
          losses: 0,
          memory: { inUseBytes: 512, peakBytes: 512, buffers: 1, kernels: 0, freeBytes: undefined },
          pool: undefined,
        } as const,
      ],
    });
    await using monitor = new Monitor({ statistics }, none);
    expect((await monitor.snapshot()).devices).toMatchObject([
      {
        source: "runtime",
        id: "opencl:0",
        name: "A device",
        memoryUsedBytes: 512,
        gpuUtilization: undefined,
      },
    ]);
  });

  it("is shared by all who ask meanwhile", async () => {
    const source = counting();
    await using monitor = new Monitor(undefined, { sources: [[source]] });
    const [a, b] = await Promise.all([monitor.snapshot(), monitor.snapshot()]);
    expect(a).toBe(b);
    expect(await monitor.snapshot()).not.toBe(a);
    expect(source.asked).toBe(2);
    expect(a?.runtime).toBeUndefined();
  });
});

describe("watching", () => {
  it("gives snapshots at the interval, with the event loop's delay", async () => {
    await using monitor = new Monitor(undefined, none);
    const [first, second, third] = await take(monitor.watch({ intervalMs: 200 }), 3);
    expect(second?.time.getTime()).toBeGreaterThan(first?.time.getTime() ?? Infinity);
    expect(third?.time.getTime()).toBeGreaterThan(second?.time.getTime() ?? Infinity);
    expect(second?.eventLoop).toMatchObject({ meanMs: expect.any(Number), utilization: expect.any(Number) });
    expect(second?.eventLoop?.maxMs).toBeGreaterThanOrEqual(second?.eventLoop?.meanMs ?? Infinity);
    expect((await monitor.snapshot()).eventLoop).toBeUndefined();
  });

  it("sees an event loop that was held up", async () => {
    await using monitor = new Monitor(undefined, none);
    const snapshots = monitor.watch({ intervalMs: 200 });
    await snapshots.next();
    const until = performance.now() + 120;
    while (performance.now() < until);
    const { value } = await snapshots.next();
    await snapshots.return();
    expect(value?.eventLoop?.maxMs).toBeGreaterThan(90);
  });

  it("does nothing before, between and after", async () => {
    const source = counting();
    await using monitor = new Monitor(undefined, { sources: [[source]] });
    const snapshots = monitor.watch({ intervalMs: 200 });
    await sleep(250);
    expect(source.asked).toBe(0);
    await snapshots.next();
    await sleep(500);
    expect(source.asked).toBe(1);
    await snapshots.return();
    await sleep(250);
    expect(source.asked).toBe(1);
  });

  it("gives a slow loop the latest, not a queue", async () => {
    const source = counting();
    await using monitor = new Monitor(undefined, { sources: [[source]] });
    let seen = 0;
    let asked = Date.now();
    for await (const { time } of monitor.watch({ intervalMs: 200 })) {
      expect(time.getTime()).toBeGreaterThanOrEqual(asked);
      if (++seen === 3) break;
      await sleep(700);
      asked = Date.now();
    }
    expect(source.asked).toBe(3);
  });

  it("ends without an error when it is aborted, while waiting and before it begins", async () => {
    await using monitor = new Monitor(undefined, none);
    const abort = new AbortController();
    let seen = 0;
    for await (const _ of monitor.watch({ intervalMs: 60_000, signal: abort.signal })) {
      seen++;
      setTimeout(() => abort.abort(), 10);
    }
    expect(seen).toBe(1);
    expect(await take(monitor.watch({ signal: abort.signal }), 1)).toEqual([]);
    expect(await take(monitor.watch(), 1)).toHaveLength(1);
  });

  it("ends when the runtime is disposed, and cannot begin afterwards", async () => {
    const gpu = await open({ device: "cpu" });
    const all = take(gpu.monitor.watch({ intervalMs: 60_000 }), 9);
    await sleep(400);
    await gpu.dispose();
    expect(await all).toHaveLength(1);
    await gpu.dispose();
    await failure(() => gpu.monitor.snapshot(), "DISPOSED");
    await failure(() => gpu.monitor.prometheus(), "DISPOSED");
    await failure(() => gpu.monitor.watch().next(), "DISPOSED");
  });

  it.each([0, 199, -1, Number.NaN, Infinity])("refuses an interval of %d ms", async (intervalMs) => {
    await using monitor = new Monitor(undefined, none);
    const error = await failure(() => monitor.watch({ intervalMs }).next(), "INVALID_ARGUMENT");
    expect(error.message).toContain(String(intervalMs));
  });

  it("goes on when sources fail", async () => {
    const failing: DeviceSource = { name: "failing", sample: () => Promise.reject(new TypeError("a bug")) };
    await using monitor = new Monitor(undefined, { sources: [[failing]] });
    const snapshots = await take(monitor.watch({ intervalMs: 200 }), 2);
    expect(snapshots.map(({ sources }) => sources[0]?.reason)).toEqual(["a bug", "a bug"]);
  });
});

describe("ticks", () => {
  it("leave out those that passed, and keep to the beat", async () => {
    const start = performance.now();
    const signal = new AbortController().signal;
    const at: number[] = [];
    for await (const _ of ticks({ intervalMs: 50, signal, keepAlive: true })) {
      at.push(performance.now() - start);
      if (at.length === 3) break;
      if (at.length === 1) await sleep(130);
    }
    // The first at 50; the sleep passes 100 and 150, so the next is at 200 or later, then one interval more.
    expect(at[0]).toBeGreaterThan(45);
    expect(at[1]).toBeGreaterThan(195);
    expect(at[2]).toBeGreaterThan(245);
  });
});

describe("a process that watches", () => {
  const script = (options: string, last: string) => `
    import { Monitor } from "#src/monitor/index.js";
    const monitor = new Monitor();
    (async () => {
      let seen = 0;
      for await (const _ of monitor.watch(${options})) if (++seen === 3) break;
      console.log("seen", seen);
    })();
    ${last}`;

  it("ends when it has nothing else to do", async () => {
    const ended = await runModule(script("{ intervalMs: 200 }", "console.log('done');"));
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "done\n", stderr: "" });
  });

  it("goes on when the watch is to keep it alive", async () => {
    const ended = await runModule(script("{ intervalMs: 200, keepAlive: true }", ""));
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "seen 3\n" });
  });
});

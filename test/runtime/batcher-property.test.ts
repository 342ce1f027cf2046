import { expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { Batcher } from "#src/runtime/index.js";
import { seeded } from "../support/random.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Call {
  readonly id: number;
  readonly caller: string;
  readonly priority: number;
  readonly isBad: boolean;
  aborted: boolean;
  outcomes: string[];
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])("each item settles once with its own result (seed %d)", async (seed) => {
  const random = seeded(seed);
  const below = (count: number) => Math.floor(random() * count);
  const executed: Call[] = [];
  const failsAsAWhole = seed % 2 === 0;
  const batcher = new Batcher<Call, number>({
    name: "test.random",
    maxBatchSize: 1 + below(9),
    maxQueueSize: 40,
    priorityLevels: 3,
    maxQueueDelayMs: seed % 3 === 0 ? 1 : 0,
    execute: async (items) => {
      for (let hops = below(3); hops > 0; hops--) await turn();
      const bad = items.find(({ isBad }) => isBad);
      if (bad !== undefined && failsAsAWhole) {
        throw new AikoError("INVALID_ARGUMENT", { message: `bad ${bad.id}` });
      }
      executed.push(...items);
      return items.map(({ id, isBad }) =>
        isBad ? new AikoError("INVALID_ARGUMENT", { message: `bad ${id}` }) : id * 10,
      );
    },
  });

  const calls: Call[] = [];
  const settled: Promise<unknown>[] = [];
  const aborts: { abort: AbortController; call: Call }[] = [];
  for (let id = 0; id < 600; id++) {
    const call: Call = {
      id,
      caller: `caller ${below(4)}`,
      priority: 1 + below(3),
      isBad: random() < 0.1,
      aborted: false,
      outcomes: [],
    };
    calls.push(call);
    const abort = new AbortController();
    if (random() < 0.3) aborts.push({ abort, call });
    const { caller, priority } = call;
    const running = batcher.run(call, { caller, priority, signal: abort.signal });
    settled.push(
      running.then(
        (value) => call.outcomes.push(`value ${value}`),
        (error: AikoError) =>
          call.outcomes.push(error.code === "INVALID_ARGUMENT" ? error.message : error.code),
      ),
    );
    if (random() < 0.2) {
      const [victim] = aborts.splice(below(aborts.length), 1);
      if (victim !== undefined && victim.call.outcomes.length === 0) {
        victim.call.aborted = true;
        victim.abort.abort();
      }
    }
    if (random() < 0.15) await turn();
  }
  await Promise.all(settled);

  for (const { id, isBad, aborted, outcomes } of calls) {
    const own = isBad ? `bad ${id}` : `value ${id * 10}`;
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]).toBe(outcomes[0] === "QUEUE_FULL" ? "QUEUE_FULL" : aborted ? "ABORTED" : own);
  }
  const inOrder = (some: readonly Call[]) =>
    some.every(({ id }, at) => at === 0 || id > (some[at - 1]?.id ?? Infinity));
  if (!failsAsAWhole) {
    for (const caller of ["caller 0", "caller 1", "caller 2", "caller 3"]) {
      for (const priority of [1, 2, 3]) {
        const own = executed.filter((call) => call.caller === caller && call.priority === priority);
        expect(inOrder(own)).toBe(true);
      }
    }
  }
  const count = (outcome: string) => calls.filter(({ outcomes }) => outcomes[0] === outcome).length;
  expect(batcher.statistics()).toMatchObject({
    queued: 0,
    rejected: count("QUEUE_FULL"),
    cancelled: count("ABORTED"),
  });
  expect(batcher.isIdle).toBe(true);
  expect(count("ABORTED")).toBeGreaterThan(0);
});

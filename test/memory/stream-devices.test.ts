import { expect, it } from "vitest";
import type { Adapter, Device } from "#src/device/device.js";
import { isAikoError } from "#src/errors.js";
import { map } from "#src/kernels/index.js";
import { MemoryManager, type StreamOperation, streamThrough } from "#src/memory/index.js";
import { onEveryDevice, withDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { injected, intercept, loseDevice, type Stage } from "../support/faults.js";

type Scale = StreamOperation<Float32Array, Float32Array>;

const scaled: Scale = {
  name: "test.scale",
  outputBytes: (batch) => batch.byteLength,
  gpu: (input, output, { device, batch }) =>
    map(device, { inputs: [input], result: output, count: batch.length, expression: "a * 2.0 + 1.0" }),
  host: (byteLength) => new Float32Array(byteLength / 4),
};
const scaledAnywhere: Scale = { ...scaled, cpu: (batch) => batch.map((value) => value * 2 + 1) };

const budgetBytes = 256 * 1024;
const count = 5;

/** Lengths around what kernels and pieces like least. */
function* source(): Generator<Float32Array> {
  for (let at = 0; at < count; at++) {
    yield Float32Array.from({ length: [1, 255, 256, 257, 9000][at % 5] ?? 1 }, (_, index) => index - at);
  }
}

async function streamed(
  device: Device,
  operation: Scale,
  options: { signal?: AbortSignal } = {},
): Promise<Float32Array[]> {
  using memory = new MemoryManager(device, { memoryBudgetBytes: budgetBytes });
  const found: Float32Array[] = [];
  try {
    const stream = streamThrough(source(), operation, { memory, ...options });
    for await (const result of stream) found.push(result);
  } finally {
    const until = performance.now() + 2000;
    while (memory.statistics().inUseBytes > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0, waiting: 0 });
  }
  return found;
}

function expectRight(adapter: Adapter, found: readonly Float32Array[]): void {
  expect(found).toHaveLength(count);
  let at = 0;
  for (const batch of source()) {
    const result = found[at++];
    expect(result?.length).toBe(batch.length);
    if (adapter.kind !== "null") expect(result).toEqual(batch.map((value) => value * 2 + 1));
  }
}

/** Streams with a device of its own whose calls are watched. */
async function watched<T>(
  adapter: Adapter,
  onCall: (device: Device, stage: Stage, at: number) => void,
  body: (device: Device) => Promise<T>,
): Promise<T> {
  return withDevice(adapter, async (device) => {
    intercept(device, (stage, at) => onCall(device, stage, at));
    const value = await body(device);
    expect(device.memory().inUseBytes).toBe(0);
    return value;
  });
}

async function callsOf(adapter: Adapter): Promise<Stage[]> {
  const calls: Stage[] = [];
  await watched(
    adapter,
    (_, stage) => calls.push(stage),
    (device) => streamed(device, scaled),
  );
  return calls;
}

onEveryDevice("streams", (adapter, shared) => {
  it("give every result in order, within the budget", async () => {
    const device = await shared();
    const before = device.memory().inUseBytes;
    expectRight(adapter, await streamed(device, scaled));
    expect(device.memory().inUseBytes).toBe(before);
  });

  it("survive a device that is lost at any call", async () => {
    const calls = await callsOf(adapter);
    const dispatched = adapter.kind === "cpu" ? "dispatch" : "dispatchThreads";
    expect(new Set(calls)).toEqual(new Set(["allocate", "write", "compile", dispatched, "read"]));
    for (let failing = 1; failing <= calls.length; failing++) {
      const lose = (device: Device, _: Stage, at: number) => {
        if (at === failing) loseDevice(device);
      };
      const operation = failing % 2 === 0 ? scaled : scaledAnywhere;
      await watched(adapter, lose, async (device) => {
        const reading = streamed(device, operation);
        if (operation === scaledAnywhere) {
          expectRight(adapter, await reading);
          return;
        }
        // A loss that the driver reports late may let the last batches through.
        const found = await reading.catch((error: unknown) => error);
        if (Array.isArray(found)) expectRight(adapter, found);
        else expect(isAikoError(found, "DEVICE_LOST")).toBe(true);
      });
    }
  });

  it("survive a device that is full at any call", async () => {
    const calls = await callsOf(adapter);
    for (let failing = 1; failing <= calls.length; failing++) {
      const fill = (_: Device, __: Stage, at: number) => {
        if (at === failing) throw injected("OUT_OF_MEMORY");
      };
      await watched(adapter, fill, async (device) => {
        expectRight(adapter, await streamed(device, scaledAnywhere));
      });
    }
  });

  it("hand on what the device says, where there is no CPU path", async () => {
    const calls = await callsOf(adapter);
    const lastRead = calls.lastIndexOf("read") + 1;
    for (const code of ["TIMEOUT", "INTERNAL"] as const) {
      const fail = (_: Device, __: Stage, at: number) => {
        if (at === lastRead) throw injected(code);
      };
      await watched(adapter, fail, async (device) => {
        await failure(() => streamed(device, scaled), code);
      });
    }
  });

  it("end when they are aborted at any call", async () => {
    const calls = await callsOf(adapter);
    for (let failing = 1; failing <= calls.length; failing += 3) {
      const abort = new AbortController();
      const stop = (_: Device, __: Stage, at: number) => {
        if (at === failing) abort.abort();
      };
      await watched(adapter, stop, async (device) => {
        await failure(() => streamed(device, scaledAnywhere, { signal: abort.signal }), "ABORTED");
      });
    }
  });
});

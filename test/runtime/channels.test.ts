import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { type DeviceEvent, type FallbackEvent, type Operation, Runtime } from "#src/runtime/index.js";
import { FakeAdapter } from "../support/fake-device.js";

const rate = { overheadMs: 0.1, flopsPerMs: 1e9, bytesPerMs: 1e9 };
const operation: Operation<number, string> = {
  name: "fake.channels",
  engine: "engine",
  rates: { engine: rate, gpu: rate, cpu: rate },
  work: (flops) => ({ flops, bytes: 8, hostBytes: 4, deviceBytes: 0, resultBytes: 4 }),
  gpu: async (input) => {
    if (input > 0) throw new AikoError("OUT_OF_MEMORY", { message: "made to be full" });
    return "gpu";
  },
  cpu: async () => "cpu",
};

const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

function collect<T>(name: string): T[] {
  const seen: T[] = [];
  const listen = (message: unknown) => {
    seen.push(message as T);
  };
  subscribe(name, listen);
  subscriptions.push(() => unsubscribe(name, listen));
  return seen;
}

const gpu = { placement: "gpu" } as const;

it("publishes every fallback, also those no longer warned of", async () => {
  const seen = collect<FallbackEvent>("aikoryu:fallback");
  await using runtime = new Runtime({ adapters: async () => [new FakeAdapter()], cacheDirectory: false });
  for (let i = 0; i < 2; i++) expect((await runtime.run(operation, 1, gpu)).value).toBe("cpu");
  expect((await runtime.run(operation, 0, gpu)).value).toBe("gpu");
  const fallback = {
    operation: "fake.channels",
    device: "opencl:0",
    code: "OUT_OF_MEMORY",
    message: "made to be full",
  };
  expect(seen).toEqual([fallback, fallback]);
});

it("publishes what becomes of devices", async () => {
  const seen = collect<DeviceEvent>("aikoryu:device");
  const adapter = new FakeAdapter();
  const runtime = new Runtime({ adapters: async () => [adapter], cacheDirectory: false });
  await runtime.run(operation, 0, gpu);
  const device = await runtime.device();
  adapter.opened.at(-1)?.lose("driver");
  await device.lost;
  await runtime.run(operation, 0, gpu);
  await runtime.dispose();
  expect(seen.map(({ event }) => event)).toEqual(["opened", "lost", "opened", "closed"]);
  expect(seen[1]).toMatchObject({ device: "opencl:0", loss: { reason: "driver" } });
});

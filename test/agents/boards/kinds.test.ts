import { afterAll, describe, expect, it } from "vitest";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { arrayCases, fewCases, type KindCase, type Made, moreCases } from "./kinds.js";

const counts = [1, 31, 33, 257];

/** Who sees whom, found by asking for each pair. */
async function expectSeen(made: Made): Promise<Uint32Array> {
  const { count, sum, hash } = await made.read();
  const wantedCount = new Uint32Array(count.length);
  const wantedSum = new Uint32Array(count.length);
  for (let i = 0; i < count.length; i++) {
    for (let j = 0; j < count.length; j++) {
      const times = made.sees(i, j);
      wantedCount[i] = (wantedCount[i] ?? 0) + times;
      wantedSum[i] = (wantedSum[i] ?? 0) + Math.imul(times, made.held(j));
    }
  }
  expect(count).toEqual(wantedCount);
  expect(sum).toEqual(wantedSum);
  return hash;
}

async function expectSame(runtime: Runtime, { make }: KindCase): Promise<void> {
  for (const count of counts) {
    using onGpu = make(runtime, count);
    using onCpu = make(runtime, count);
    await onGpu.simulation.run(2, { placement: "gpu", strict: true });
    await onCpu.simulation.run(2, { placement: "cpu" });
    expect(await expectSeen(onGpu)).toEqual(await expectSeen(onCpu));
  }
}

onEveryDevice(
  "message boards",
  (adapter) => {
    const runtime = new Runtime({ adapters: async () => [adapter], timeoutMs: 240_000 });
    afterAll(() => runtime.dispose());
    const cases = adapter.backend === "opencl" ? [...fewCases, ...moreCases] : [...fewCases, ...arrayCases];
    for (const each of cases) {
      it(`let agents see what they should: ${each.name}`, () => expectSame(runtime, each), 240_000);
    }
  },
  { computing: true },
);

describe("message boards on the CPU alone", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  afterAll(() => runtime.dispose());

  it.each([...fewCases, ...moreCases])("let agents see what they should: $name", async ({ make }) => {
    using made = make(runtime, 129);
    await made.simulation.run();
    await expectSeen(made);
  });
});

import { afterAll, describe, expect, it } from "vitest";
import type { Adapter, Device, OpenOptions } from "#src/device/device.js";
import { type BackendProblem, discover } from "#src/device/registry.js";
import { fakeEnvironmentHere, leftovers, withEnvironment } from "./cuda/index.ts";

/** Where there is no NVIDIA GPU, tests of every device take in the fake one. */
const fakeCuda = await fakeEnvironmentHere();
const found = await withEnvironment(typeof fakeCuda === "string" ? {} : fakeCuda, () => discover());

export const adapters: readonly Adapter[] = found.adapters;
export const problems: readonly BackendProblem[] = found.problems;

/** Backends whose absence fails instead of skipping. */
export const requiredBackends: readonly string[] = (process.env.AIKORYU_REQUIRE_DEVICES ?? "")
  .split(",")
  .map((name) => name.trim())
  .filter((name) => name !== "");

/** Whether it only looks like a GPU: processor cores behind the fake CUDA driver. */
export function isFake({ backend }: Adapter): boolean {
  return backend === "cuda" && typeof fakeCuda !== "string";
}

/** What another process needs in its environment to find the adapter. */
export function environmentFor(adapter: Adapter): Readonly<Record<string, string>> {
  return isFake(adapter) && typeof fakeCuda !== "string" ? fakeCuda : {};
}

const opened = new Map<string, Promise<Device>>();

/** With an empty cache, Mesa takes a minute and more for the first run of a large kernel. */
const patience: OpenOptions = { timeoutMs: 240_000 };

/** One device an adapter, shared by the tests of a file. */
export function sharedDevice(adapter: Adapter): Promise<Device> {
  let device = opened.get(adapter.id);
  if (device === undefined) {
    device = adapter.open(patience);
    opened.set(adapter.id, device);
  }
  return device;
}

/** Runs `body` with a device of its own, for tests that end it. */
export async function withDevice<T>(
  adapter: Adapter,
  body: (device: Device) => Promise<T>,
  options?: OpenOptions,
): Promise<T> {
  const device = await adapter.open(options);
  try {
    return await body(device);
  } finally {
    await device.dispose();
  }
}

export interface EveryDeviceOptions {
  /** Leaves the null device out: it computes nothing. */
  readonly computing?: boolean;
}

/** Declares the same tests for every adapter present, and a skip or a failure for every backend that is absent. */
export function onEveryDevice(
  title: string,
  body: (adapter: Adapter, device: () => Promise<Device>) => void,
  { computing = false }: EveryDeviceOptions = {},
): void {
  for (const adapter of adapters) {
    if (computing && adapter.kind === "null") continue;
    describe(`${title} on ${adapter.id}`, () => body(adapter, () => sharedDevice(adapter)));
  }
  for (const backend of ["cuda", "opencl", "webgpu"]) {
    if (adapters.some((adapter) => adapter.backend === backend)) continue;
    const why = problems.find((problem) => problem.backend === backend)?.reason ?? "not present";
    const reason = backend === "cuda" && typeof fakeCuda === "string" ? `${why}; ${fakeCuda}` : why;
    const name = `${title} on ${backend}: ${reason}`;
    if (requiredBackends.includes(backend)) {
      it(name, () => {
        throw new Error(`AIKORYU_REQUIRE_DEVICES names ${backend}: ${reason}`);
      });
    } else {
      it.skip(name, () => {});
    }
  }
}

afterAll(async () => {
  for (const device of opened.values()) await (await device).dispose();
  opened.clear();
  if (found.adapters.some(isFake)) expect(await leftovers()).toEqual({ races: [], faults: [] });
});

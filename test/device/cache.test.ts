import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KernelCache } from "#src/device/cache.js";
import * as kernels from "#src/device/conformance/kernels.js";
import type { Adapter } from "#src/device/device.js";
import { onEveryDevice, withDevice } from "../support/devices.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "aikoryu-cache-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function onlyFile(): Promise<string> {
  const [name = "nothing", ...others] = (await readdir(directory)).filter(
    (file) => !file.startsWith("translation-"),
  );
  expect(others).toEqual([]);
  return join(directory, name);
}

describe("kernel cache", () => {
  it("returns what was stored, and nothing else", async () => {
    const cache = new KernelCache(directory);
    const key = cache.key(["source", "options"]);
    expect(await cache.load(key)).toBeUndefined();
    await cache.store(key, Uint8Array.of(1, 2, 3));
    expect(new Uint8Array((await cache.load(key)) ?? [])).toEqual(Uint8Array.of(1, 2, 3));
    expect(cache.key(["source", "other"])).not.toBe(key);
    expect(cache.key(["sourceoptions"])).not.toBe(key);
  });

  it("ignores and removes damaged entries", async () => {
    const cache = new KernelCache(directory);
    const key = cache.key(["a"]);
    const damages = [
      (path: string) => truncate(path, 20),
      (path: string) => truncate(path, 0),
      (path: string) => writeFile(path, "not a kernel"),
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[bytes.byteLength - 1] = (bytes.at(-1) ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ];
    for (const damage of damages) {
      await cache.store(key, new Uint8Array(1000).fill(4));
      await damage(await onlyFile());
      expect(await cache.load(key)).toBeUndefined();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it("drops what was used longest ago", async () => {
    const cache = new KernelCache(directory, 3000);
    const keys = ["a", "b", "c"].map((name) => cache.key([name]));
    for (const [at, key] of keys.entries()) {
      await cache.store(key, new Uint8Array(1000));
      const then = new Date(Date.now() - (10 - at) * 60_000);
      if (at < 2) await utimes(join(directory, `${key}.bin`), then, then);
      if (at === 1) await cache.load(keys[0] ?? "");
    }
    expect(await Promise.all(keys.map(async (key) => (await cache.load(key)) !== undefined))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("survives a directory that cannot be used", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    const cache = new KernelCache(join(file, "inside"));
    await cache.store("key", new Uint8Array(1));
    expect(await cache.load("key")).toBeUndefined();
    await mkdir(join(directory, "key.bin"));
    expect(await new KernelCache(directory).load("key")).toBeUndefined();
  });
});

const compile = (adapter: Adapter) =>
  withDevice(
    adapter,
    async (device) => {
      const kernel = await device.compile(kernels.add);
      const total = device.allocate(4);
      device.dispatch(kernel, { total, amount: Uint32Array.of(3) }, 1);
      expect([...(await device.read(total))]).toEqual([3, 0, 0, 0]);
      return kernel.cached;
    },
    { cacheDirectory: directory },
  );

onEveryDevice(
  "compiled kernels",
  (adapter) => {
    it("come from disk the second time, unless damaged", async (context) => {
      if (adapter.backend === "webgpu") context.skip("Dawn's npm package has no blob cache");
      expect(await compile(adapter)).toBe(false);
      expect(await compile(adapter)).toBe(true);
      const path = await onlyFile();
      await truncate(path, 4000);
      expect(await compile(adapter)).toBe(false);
      expect(await compile(adapter)).toBe(true);
    });
  },
  { computing: true },
);

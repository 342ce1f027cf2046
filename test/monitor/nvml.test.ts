import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Monitor, nvmlSource } from "#src/monitor/index.js";
import { runModule } from "../support/child.ts";
import { failure } from "../support/errors.js";
import { buildFakeNvml, type FakeNvml, noFakeNvml, twoGpus } from "../support/nvml/fake.ts";
import { itWith } from "../support/tools.ts";

const missing = noFakeNvml();
const test = itWith("cc", missing);
let fake: FakeNvml;
let old: FakeNvml;

beforeAll(() => {
  if (missing !== undefined) return;
  fake = buildFakeNvml();
  old = buildFakeNvml({ old: true });
});

afterAll(() => {
  fake?.dispose();
  old?.dispose();
});

function use(library: FakeNvml, values: Parameters<FakeNvml["set"]>[0]): void {
  library.set(values);
  Object.assign(process.env, library.env);
}

afterEach(() => {
  delete process.env.AIKORYU_NVML;
  delete process.env.AIKORYU_FAKE_NVML;
});

async function sample(library: FakeNvml, values: Parameters<FakeNvml["set"]>[0]) {
  use(library, values);
  const source = nvmlSource();
  const devices = await source.sample();
  await source.dispose?.();
  return devices;
}

const without = (...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(twoGpus).filter(([key]) => !keys.includes(key)));

describe("NVML", () => {
  test("gives every value in base units", async () => {
    const [first] = await sample(fake, twoGpus);
    expect(first).toEqual({
      source: "nvml",
      id: "GPU-11111111-2222-3333-4444-555555555555",
      name: "NVIDIA H100 80GB HBM3",
      vendor: "NVIDIA",
      pciAddress: "0000:3b:00.0",
      driver: "550.54.15",
      gpuUtilization: 0.62,
      memoryUtilization: 0.31,
      memoryUsedBytes: 12_884_901_888,
      memoryTotalBytes: 85_520_809_984,
      temperatureCelsius: 45,
      powerWatts: 210.5,
      powerLimitWatts: 700,
      energyJoules: 1234.567,
      coreClockHertz: 1.755e9,
      memoryClockHertz: 2.619e9,
      fanRatio: 0.3,
      pcieReceiveBytesPerSecond: 1.2e9,
      pcieTransmitBytesPerSecond: 1e8,
      eccErrors: 0,
      throttleReasons: ["power", "temperature"],
      processes: [
        { pid: 1234, name: "python3", memoryBytes: 2_147_483_648 },
        { pid: 4321, name: undefined, memoryBytes: undefined },
        { pid: 77, name: "Xorg", memoryBytes: 1_048_576 },
      ],
      problem: undefined,
      missing: {},
    });
  });

  test("leaves out what a device does not support, without a word", async () => {
    const [, second] = await sample(fake, twoGpus);
    expect(second).toMatchObject({
      name: "Tesla T4",
      pciAddress: "0001:af:00.0",
      gpuUtilization: 0,
      memoryTotalBytes: 16e9,
      fanRatio: undefined,
      powerWatts: undefined,
      eccErrors: undefined,
      throttleReasons: undefined,
      processes: [],
      missing: {},
    });
  });

  test("drops the values that stand for none", async () => {
    const none32 = 0xffffffff;
    const none64 = "0xffffffffffffffff";
    const [first] = await sample(fake, {
      ...twoGpus,
      "0.gpu": none32,
      "0.memoryBusy": 101,
      "0.temperature": none32,
      "0.power": none32,
      "0.fan": none32,
      "0.used": none64,
      "0.energy": none64,
      "0.ecc": none64,
    });
    expect(first).toMatchObject({
      gpuUtilization: undefined,
      memoryUtilization: undefined,
      temperatureCelsius: undefined,
      powerWatts: undefined,
      fanRatio: undefined,
      memoryUsedBytes: undefined,
      energyJoules: undefined,
      eccErrors: undefined,
      coreClockHertz: 1.755e9,
    });
  });

  test("says which values need permission", async () => {
    const [first] = await sample(fake, { ...twoGpus, "0.power.status": 4, "0.compute.status": 4 });
    expect(first?.powerWatts).toBeUndefined();
    expect(first?.missing).toEqual({
      powerWatts: "permission is missing (NVML 4)",
      processes: "permission is missing (NVML 4)",
    });
    expect(first?.processes?.map(({ pid }) => pid)).toEqual([1234, 77]);
  });

  test("shows the other devices when one is lost", async () => {
    const [first, second] = await sample(fake, { ...twoGpus, "0.status": 15 });
    expect(first?.problem).toBe("the GPU is lost: it fell off the bus or needs a reset (NVML 15)");
    expect(first).toMatchObject({ name: "NVIDIA H100 80GB HBM3", gpuUtilization: undefined });
    expect(second).toMatchObject({ name: "Tesla T4", gpuUtilization: 0, problem: undefined });
    const [gone, there] = await sample(fake, { ...twoGpus, "0.handle.status": 15 });
    expect(gone?.problem).toContain("NVML 15");
    expect(there?.problem).toBeUndefined();
  });

  test("knows a device that was lost later by its name", async () => {
    use(fake, twoGpus);
    const source = nvmlSource();
    await source.sample();
    fake.set({ ...twoGpus, "0.handle.status": 15 });
    const [first] = await source.sample();
    expect(first).toMatchObject({ name: "NVIDIA H100 80GB HBM3", problem: expect.stringContaining("lost") });
    fake.set(twoGpus);
    expect((await source.sample())[0]).toMatchObject({ problem: undefined, gpuUtilization: 0.62 });
    await source.dispose?.();
  });

  test("names a device without a UUID by its address, and one without either by its number", async () => {
    const [byAddress] = await sample(fake, without("0.uuid", "0.name"));
    expect(byAddress).toMatchObject({ id: "0000:3b:00.0", name: "GPU 0" });
    const [byNumber] = await sample(fake, without("0.uuid", "0.bus"));
    expect(byNumber).toMatchObject({ id: "nvml:0", pciAddress: undefined });
  });

  test("does with the functions that an old driver has", async () => {
    const [first] = await sample(old, twoGpus);
    expect(first).toMatchObject({
      // The old function counts what the driver reserves as used.
      memoryUsedBytes: 12_884_901_888 + 600_000_000,
      energyJoules: undefined,
      powerWatts: 210.5,
      processes: [{ pid: 1234 }, { pid: 4321 }, { pid: 77 }],
    });
  });

  test("rejects with the reason and what to do when the driver refuses", async () => {
    use(fake, { "init.status": 9 });
    const unloaded = await failure(() => nvmlSource().sample(), "UNSUPPORTED");
    expect(unloaded.message).toContain("NVIDIA's kernel driver is not loaded (NVML 9)");
    if (process.platform === "linux") expect(unloaded.hint).toContain("modprobe nvidia");
    use(fake, { "init.status": 18 });
    const mismatch = await failure(() => nvmlSource().sample(), "UNSUPPORTED");
    expect(mismatch.hint).toContain("Start the machine again");
  });

  test("initialises anew after a failure", async () => {
    use(fake, { ...twoGpus, "count.status": 999 });
    const source = nvmlSource();
    await failure(() => source.sample(), "UNSUPPORTED");
    fake.set(twoGpus);
    expect(await source.sample()).toHaveLength(2);
    await source.dispose?.();
    expect(await source.sample()).toHaveLength(2);
    await source.dispose?.();
  });

  test("never stops the JavaScript thread, however slow the driver", async () => {
    use(fake, { count: 0, delayMs: 60 });
    const source = nvmlSource();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await source.sample();
    await source.dispose?.();
    clearInterval(timer);
    // Four calls that sleep 60 ms each: a thread that waited for them would make a turn or two between them.
    expect(turns).toBeGreaterThan(20);
  });

  test("does not keep a process alive, open or in the middle of a watch", async () => {
    fake.set(twoGpus);
    const script = `
      import { Monitor } from "#src/monitor/index.js";
      const monitor = new Monitor();
      const { devices } = await monitor.snapshot();
      console.log(devices.length);
      (async () => { for await (const _ of monitor.watch({ intervalMs: 60_000 })); })();`;
    const ended = await runModule(script, fake.env);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "2\n", stderr: "" });
  });

  test("a driver that hangs costs the timeout once and is not asked twice", async () => {
    use(fake, { ...twoGpus, delayMs: 150 });
    const monitor = new Monitor(undefined, { sources: [[nvmlSource()]], timeoutMs: 300 });
    const { sources, devices } = await monitor.snapshot();
    expect(devices).toEqual([]);
    expect(sources).toMatchObject([
      { source: "nvml", state: "failed", reason: "nvml did not answer within 300 ms" },
    ]);
    expect((await monitor.snapshot()).sources[0]?.retryInMs).toBeGreaterThan(0);
    fake.set(twoGpus);
    await monitor.dispose();
  });
});

describe("the reason for no NVML", () => {
  const hasDriver = ["/proc/driver/nvidia/version", "/dev/nvidiactl"].some((path) => existsSync(path));
  const root = mkdtempSync(join(tmpdir(), "aikoryu-pci-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("names the variable that points nowhere", async () => {
    process.env.AIKORYU_NVML = "/nowhere/libnvidia-ml.so.1";
    const error = await failure(() => nvmlSource().sample(), "UNSUPPORTED");
    expect(error.message).toContain("/nowhere/libnvidia-ml.so.1");
    expect(error.hint).toBe("unset AIKORYU_NVML (it is /nowhere/libnvidia-ml.so.1)");
  });

  it.skipIf(process.platform !== "linux" || hasDriver)(
    "tells a missing driver from a missing GPU",
    async () => {
      const error = await failure(() => nvmlSource(root).sample(), "UNSUPPORTED");
      expect(error).toMatchObject({ message: "There is no NVIDIA GPU, nor its driver", hint: undefined });
      const device = join(root, "bus", "pci", "devices", "0000:3b:00.0");
      mkdirSync(device, { recursive: true });
      writeFileSync(join(device, "class"), "0x030200\n");
      writeFileSync(join(device, "vendor"), "0x10de\n");
      const driverless = await failure(() => nvmlSource(root).sample(), "UNSUPPORTED");
      expect(driverless.hint).toContain("Install NVIDIA's driver");
    },
  );
});

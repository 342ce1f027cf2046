import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { open } from "#src/index.js";
import { deviceSample, type MonitorSnapshot } from "#src/monitor/index.js";
import { metricsOf } from "#src/monitor/prometheus/metrics.js";
import { formatMetrics } from "#src/monitor/prometheus/text.js";
import { findTool, itWith } from "../support/tools.ts";
import { parsePrometheus } from "./prometheus.ts";

const withPromtool = itWith("promtool", findTool("promtool"));

/** Something in every place. */
const full: MonitorSnapshot = {
  time: new Date(0),
  devices: [
    deviceSample(
      { source: "nvml", id: "GPU-1", name: 'odd "name" with \\ and\nnewline' },
      {
        vendor: "NVIDIA",
        pciAddress: "0000:3b:00.0",
        driver: "550.54",
        gpuUtilization: 0.62,
        memoryUtilization: 0.31,
        memoryUsedBytes: 12_884_901_888,
        memoryTotalBytes: 85_520_809_984,
        temperatureCelsius: 45,
        powerWatts: 210.5,
        powerLimitWatts: 700,
        energyJoules: 1234.5,
        coreClockHertz: 1.755e9,
        memoryClockHertz: 2.619e9,
        fanRatio: 0.3,
        pcieReceiveBytesPerSecond: 1.2e9,
        pcieTransmitBytesPerSecond: 1e8,
        eccErrors: 2,
        throttleReasons: ["power", "temperature"],
        processes: [{ pid: 1, name: "a", memoryBytes: 1 }],
      },
    ),
    deviceSample({ source: "nvml", id: "GPU-2", name: "lost" }, { problem: "the GPU is lost" }),
  ],
  sources: [
    { source: "nvml", state: "up", devices: 2, reason: undefined, fix: undefined, retryInMs: undefined },
    { source: "sysfs", state: "absent", devices: 0, reason: "none", fix: undefined, retryInMs: 1000 },
  ],
  host: {
    cores: 2,
    cpuUtilization: 0.5,
    coreUtilization: [0.25, 0.75],
    load: [1.5, 1, 0.5],
    memoryTotalBytes: 2e9,
    memoryUsedBytes: 1e9,
    container: { memoryLimitBytes: 1e9, memoryUsedBytes: 5e8, cpuLimitCores: 1.5, cpuUtilization: 0.1 },
  },
  process: {
    pid: 1,
    cpuSeconds: 12.5,
    cpuCores: 0.5,
    residentBytes: 1e8,
    heapUsedBytes: 1e7,
    uptimeSeconds: 5,
  },
  eventLoop: { meanMs: 1, p99Ms: 2, maxMs: 3, utilization: 0.25 },
  runtime: {
    operations: [
      {
        operation: "matrix.multiply",
        placement: "gpu",
        calls: 3,
        failures: 1,
        totalMs: 1500,
        bytes: 12,
        flops: 34,
      },
      {
        operation: "matrix.multiply",
        placement: "cpu",
        calls: 1,
        failures: 0,
        totalMs: 2,
        bytes: 4,
        flops: 5,
      },
    ],
    fallbacks: [{ operation: "matrix.multiply", device: "opencl:0", code: "OUT_OF_MEMORY", calls: 1 }],
    devices: [
      {
        id: "opencl:0",
        name: "A device",
        backend: "opencl",
        kind: "gpu",
        state: "open",
        losses: 1,
        memory: { inUseBytes: 512, peakBytes: 1024, buffers: 2, kernels: 3, freeBytes: 4096 },
        pool: {
          inUseBytes: 256,
          inUseBuffers: 1,
          cachedBytes: 128,
          cachedBuffers: 1,
          peakBytes: 384,
          hits: 5,
          misses: 6,
          budgetBytes: 4096,
          reservedBytes: 512,
          reservations: 1,
          waiting: 2,
          residentBytes: 256,
          residents: 1,
          evictions: 3,
          evictedBytes: 768,
          returns: 1,
          fragmentationBytes: 64,
          reclaimed: 0,
        },
      },
      {
        id: "webgpu:0",
        name: "Not opened",
        backend: "webgpu",
        kind: "gpu",
        state: "closed",
        losses: 0,
        memory: undefined,
        pool: undefined,
      },
    ],
    batchers: [
      {
        operation: "matrix.multiply",
        queued: 1,
        batches: 2,
        items: 30,
        rejected: 1,
        cancelled: 0,
        batchSizes: [
          { upTo: 8, batches: 0 },
          { upTo: 16, batches: 2 },
        ],
      },
      {
        operation: "matrix.multiply",
        queued: 2,
        batches: 3,
        items: 10,
        rejected: 0,
        cancelled: 4,
        batchSizes: [
          { upTo: 4, batches: 2 },
          { upTo: 8, batches: 1 },
        ],
      },
      { operation: "fake.uncounted", queued: 0, batches: 0, items: 0, rejected: 0, cancelled: 0 },
    ],
  },
};

const text = formatMetrics(metricsOf(full));

describe("the text for Prometheus", () => {
  const metrics = parsePrometheus(text);
  const values = (name: string) =>
    metrics.get(`aikoryu_${name}`)?.values.map(({ labels, value }) => ({ labels, value }));

  it("has values in base units", () => {
    expect(values("device_utilization_ratio")).toEqual([{ labels: { device: "GPU-1" }, value: 0.62 }]);
    expect(values("device_power_watts")?.[0]?.value).toBe(210.5);
    expect(values("device_core_clock_hertz")?.[0]?.value).toBe(1.755e9);
    expect(values("device_energy_joules_total")?.[0]?.value).toBe(1234.5);
    expect(values("event_loop_delay_seconds")).toContainEqual({ labels: { statistic: "p99" }, value: 0.002 });
    expect(values("host_load1")).toEqual([{ labels: {}, value: 1.5 }]);
    expect(values("container_cpu_limit_cores")?.[0]?.value).toBe(1.5);
  });

  it("escapes labels", () => {
    expect(values("device_info")?.[0]?.labels).toMatchObject({
      name: 'odd "name" with \\ and\nnewline',
      pci_address: "0000:3b:00.0",
    });
  });

  it("tells a device that cannot be read from one that idles", () => {
    expect(values("device_up")?.map(({ value }) => value)).toEqual([1, 0]);
    expect(values("source_up")?.map(({ value }) => value)).toEqual([1, 0]);
    expect(values("device_throttled")).toEqual([
      { labels: { device: "GPU-1", reason: "power" }, value: 1 },
      { labels: { device: "GPU-1", reason: "temperature" }, value: 1 },
    ]);
  });

  it("counts what the runtime did", () => {
    const gpu = { operation: "matrix.multiply", placement: "gpu" };
    expect(values("operation_calls_total")?.[0]).toEqual({ labels: gpu, value: 3 });
    expect(values("operation_failures_total")?.[0]).toEqual({ labels: gpu, value: 1 });
    expect(values("operation_seconds_total")?.[0]).toEqual({ labels: gpu, value: 1.5 });
    expect(values("operation_bytes_total")?.[1]?.value).toBe(4);
    expect(values("operation_flops_total")?.[1]?.value).toBe(5);
    expect(values("fallbacks_total")).toEqual([
      { labels: { operation: "matrix.multiply", device: "opencl:0", code: "OUT_OF_MEMORY" }, value: 1 },
    ]);
    expect(values("runtime_device_losses_total")?.[0]?.value).toBe(1);
    expect(values("pool_cached_bytes")).toEqual([{ labels: { device: "opencl:0" }, value: 128 }]);
    expect(values("runtime_device_state")?.filter(({ value }) => value === 1)).toMatchObject([
      { labels: { device: "opencl:0", state: "open" } },
      { labels: { device: "webgpu:0", state: "closed" } },
    ]);
    expect(values("batcher_items_total")).toEqual([
      { labels: { operation: "matrix.multiply" }, value: 40 },
      { labels: { operation: "fake.uncounted" }, value: 0 },
    ]);
    expect(values("batcher_queued")?.[0]?.value).toBe(3);
  });

  it("has the sizes of batches as a cumulative histogram", () => {
    const operation = "matrix.multiply";
    const bucket = (le: string, value: number) => ({ suffix: "_bucket", labels: { operation, le }, value });
    expect(metrics.get("aikoryu_batcher_batch_size")).toMatchObject({
      type: "histogram",
      values: [
        bucket("4", 2),
        bucket("8", 3),
        bucket("16", 5),
        bucket("+Inf", 5),
        { suffix: "_sum", labels: { operation }, value: 40 },
        { suffix: "_count", labels: { operation }, value: 5 },
      ],
    });
  });

  it("keeps to the conventions of names", () => {
    for (const { name, type, help } of metrics.values()) {
      expect(name).toMatch(/^aikoryu_[a-z0-9_]+$/);
      expect(name.endsWith("_total"), name).toBe(type === "counter");
      expect(help, name).toMatch(/\.$/);
      expect(name).not.toMatch(/_(ms|mib|mb|mhz|percent|milli\w*)(_|$)/);
    }
  });

  it("leaves out what is not there", () => {
    const { eventLoop: _, ...rest } = full;
    const bare = formatMetrics(
      metricsOf({ ...rest, eventLoop: undefined, runtime: undefined, devices: [], sources: [] }),
    );
    const names = [...parsePrometheus(bare).keys()];
    expect(names).toContain("aikoryu_host_cpus");
    expect(names.filter((name) => /device|event_loop|operation|undefined|NaN/.test(name))).toEqual([]);
  });

  it("writes infinities as Prometheus does", () => {
    const values = [Infinity, -Infinity, Number.NaN, 1e21].map((value, at) => ({
      labels: { at: `${at}` },
      value,
    }));
    const odd = formatMetrics([{ name: "odd", type: "gauge", help: "Odd.", values }]);
    expect(odd).toBe(
      '# HELP odd Odd.\n# TYPE odd gauge\nodd{at="0"} +Inf\nodd{at="1"} -Inf\nodd{at="3"} 1e+21\n',
    );
  });

  withPromtool("passes promtool check metrics", () => {
    const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  withPromtool("of this machine passes promtool, too", async () => {
    await using gpu = await open();
    await gpu.matrix.multiply([[1, 2]], [[3], [4]]);
    const live = await gpu.monitor.prometheus();
    expect(parsePrometheus(live).get("aikoryu_operation_calls_total")?.values[0]?.value).toBe(1);
    const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], {
      input: live,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

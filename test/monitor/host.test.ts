import { describe, expect, it } from "vitest";
import { parseCgroupPaths, readCgroup } from "#src/monitor/host/cgroup.js";
import { coreUtilization, parseProcStat } from "#src/monitor/host/cpu.js";
import { HostMeter } from "#src/monitor/host/host.js";
import { folderOf } from "../support/files.ts";

const nothing = {
  memoryLimitBytes: undefined,
  memoryUsedBytes: undefined,
  cpuLimitCores: undefined,
  cpuSeconds: undefined,
};

describe("/proc/stat", () => {
  const before = parseProcStat(
    "cpu  300 0 100 1000 50 0 10 40 0 0\ncpu0 100 10 50 800 40 0 0 0 0 0\ncpu1 200 0 50 200 10 0 10 40 7 0\nintr 1 2\n",
  );

  it("tells busy from idle, a core a line", () => {
    expect(before).toEqual([
      { busy: 160, total: 1000 },
      { busy: 300, total: 510 },
    ]);
  });

  it("gives shares of the time between two readings", () => {
    const after = parseProcStat("cpu0 125 10 50 875 40 0 0 0 0 0\ncpu1 300 0 50 200 10 0 10 40 7 0\n");
    expect(coreUtilization(before, after)).toEqual([0.25, 1]);
    expect(coreUtilization(before, before)).toEqual([]);
    expect(coreUtilization(before, after.slice(1))).toEqual([]);
  });
});

describe("limits of a container", () => {
  it("version 2, as a container sees itself", async () => {
    const root = folderOf({
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/memory.max": "2147483648",
      "sys/fs/cgroup/memory.current": "1000000000",
      "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 400000000\nactive_file 5",
      "sys/fs/cgroup/cpu.max": "150000 100000",
      "sys/fs/cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 1",
    });
    expect(await readCgroup(root)).toEqual({
      memoryLimitBytes: 2 ** 31,
      memoryUsedBytes: 600_000_000,
      cpuLimitCores: 1.5,
      cpuSeconds: 2.5,
    });
  });

  it("version 2, the tightest limit of all groups around it", async () => {
    const root = folderOf({
      "proc/self/cgroup": "0::/system.slice/app.service",
      "sys/fs/cgroup/system.slice/app.service/memory.max": "max",
      "sys/fs/cgroup/system.slice/app.service/memory.current": "5",
      "sys/fs/cgroup/system.slice/app.service/cpu.max": "max 100000",
      "sys/fs/cgroup/system.slice/memory.max": "1000000",
      "sys/fs/cgroup/system.slice/memory.current": "777",
    });
    expect(await readCgroup(root)).toEqual({ ...nothing, memoryLimitBytes: 1_000_000, memoryUsedBytes: 777 });
  });

  it("version 1, with paths that the container does not see", async () => {
    const root = folderOf({
      "proc/self/cgroup":
        "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": "300000000",
      "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100000000",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
      "sys/fs/cgroup/cpuacct/cpuacct.usage": "1500000000",
    });
    expect(await readCgroup(root)).toEqual({
      memoryLimitBytes: 2 ** 29,
      memoryUsedBytes: 200_000_000,
      cpuLimitCores: 0.5,
      cpuSeconds: 1.5,
    });
  });

  it("none, in both versions", async () => {
    const one = folderOf({
      "proc/self/cgroup": "4:memory:/\n1:cpu:/",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    });
    const two = folderOf({ "proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max" });
    for (const root of [one, two, "/nowhere"]) expect(await readCgroup(root)).toEqual(nothing);
  });

  it("paths with colons and with dots", () => {
    const { unified, controllers } = parseCgroupPaths("3:cpu,cpuacct:/a:b\n0::/../x.scope\n");
    expect(unified).toBe("/../x.scope");
    expect(controllers.get("cpuacct")).toBe("/a:b");
  });
});

describe("this host", () => {
  it("has processors, memory and this process", async () => {
    const meter = new HostMeter();
    const { host, process: own } = await meter.read();
    expect(host.cores).toBeGreaterThan(0);
    expect(host.cpuUtilization).toBeGreaterThanOrEqual(0);
    expect(host.cpuUtilization).toBeLessThanOrEqual(1);
    expect(host.memoryUsedBytes).toBeGreaterThan(0);
    expect(host.memoryUsedBytes).toBeLessThan(host.memoryTotalBytes);
    expect(own).toMatchObject({ pid: process.pid });
    expect(own.residentBytes).toBeGreaterThan(own.heapUsedBytes);
    const later = (await meter.read()).process;
    expect(later.cpuSeconds).toBeGreaterThanOrEqual(own.cpuSeconds);
  });

  it("counts processor time against a container's limit", async () => {
    const files = {
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/cpu.max": "200000 100000",
      "sys/fs/cgroup/cpu.stat": "usage_usec 1000",
    };
    const { host } = await new HostMeter(folderOf(files)).read();
    expect(host.container).toEqual({
      memoryLimitBytes: undefined,
      memoryUsedBytes: undefined,
      cpuLimitCores: 2,
      cpuUtilization: 0,
    });
  });
});

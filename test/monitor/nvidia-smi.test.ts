import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nvidiaSmiSource, parseDevices, parseProcesses, queryFields } from "#src/monitor/nvidia-smi.js";
import { failure } from "../support/errors.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-smi-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const h100 =
  "GPU-1a, NVIDIA H100 80GB HBM3, 00000000:3B:00.0, 550.54.15, 62, 31, 12288, 81559, 45, 210.50, 700.00, 1755, 2619, [N/A], 0";

describe("what nvidia-smi prints", () => {
  it("becomes base units", () => {
    expect(parseDevices(`${h100}\n`, queryFields, undefined)).toMatchObject([
      {
        source: "nvidia-smi",
        id: "GPU-1a",
        name: "NVIDIA H100 80GB HBM3",
        pciAddress: "0000:3b:00.0",
        driver: "550.54.15",
        gpuUtilization: 0.62,
        memoryUtilization: 0.31,
        memoryUsedBytes: 12288 * 2 ** 20,
        memoryTotalBytes: 81559 * 2 ** 20,
        temperatureCelsius: 45,
        powerWatts: 210.5,
        powerLimitWatts: 700,
        coreClockHertz: 1.755e9,
        memoryClockHertz: 2.619e9,
        fanRatio: undefined,
        eccErrors: 0,
        processes: undefined,
        problem: undefined,
      },
    ]);
  });

  const few = ["memory.total", "memory.used", "temperature.gpu", "fan.speed", "utilization.gpu"];
  it.each([
    ["version 440 and later", "2004, 0, 44, [N/A], 0"],
    ["versions before", "2004, 0, 44, [Not Supported], 0"],
    ["a card in trouble", "2004, 0, 44, [Unknown Error], 0"],
    ["a guest without rights", "2004, 0, 44, [Insufficient Permissions], 0"],
    ["without brackets, Windows line ends", "2004, 0, 44, N/A, 0\r"],
  ])("drops what stands for nothing: %s", (_, line) => {
    expect(parseDevices(`${line}\n`, few, undefined)).toMatchObject([
      {
        memoryTotalBytes: 2004 * 2 ** 20,
        memoryUsedBytes: 0,
        temperatureCelsius: 44,
        fanRatio: undefined,
        gpuUtilization: 0,
      },
    ]);
  });

  it("keeps a partitioned GPU, which tells no utilisation", () => {
    const line =
      "GPU-2b, NVIDIA A100-SXM4-40GB, 00000000:00:04.0, 535.129.03, [N/A], [N/A], 45, 40960, 34, 57.10, 400.00, 210, 1215, [N/A], 0";
    const processes = parseProcesses("MIG-7f, 991, /usr/bin/python3, 1024\nGPU-2b, 990, python3, 512\n");
    expect(parseDevices(line, queryFields, processes)).toMatchObject([
      {
        gpuUtilization: undefined,
        memoryUsedBytes: 45 * 2 ** 20,
        processes: [{ pid: 990, name: "python3" }],
      },
    ]);
  });

  it("says when a GPU is lost, and ignores remarks", () => {
    const text = `Warning: persistence mode is off\n${h100.replace(/62.*/, Array(11).fill("[GPU is lost]").join(", "))}\n`;
    expect(parseDevices(text, queryFields, undefined)).toMatchObject([
      { id: "GPU-1a", problem: "the GPU is lost", gpuUtilization: undefined, powerWatts: undefined },
    ]);
  });

  it("has no devices where there are none", () => {
    expect(parseDevices("No devices were found\n", queryFields, undefined)).toEqual([]);
  });

  it("drops a utilisation that cannot be", () => {
    expect(
      parseDevices("4294967295, 101\n", ["utilization.gpu", "utilization.memory"], undefined),
    ).toMatchObject([{ gpuUtilization: undefined, memoryUtilization: undefined }]);
  });

  it("lists programs by device, names with commas too", () => {
    const found = parseProcesses("GPU-1a, 12, /opt/a, b/train, 2048\nGPU-1a, 13, [Not Found], [N/A]\n");
    expect(found.get("GPU-1a")).toEqual([
      { pid: 12, name: "train", memoryBytes: 2 ** 31 },
      { pid: 13, name: undefined, memoryBytes: undefined },
    ]);
  });
});

describe.skipIf(process.platform === "win32")("the command nvidia-smi", () => {
  const command = (name: string, script: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it("is asked again without the fields it does not know", async () => {
    const smi = command(
      "old",
      `case "$1" in
        *enforced.power.limit*) echo 'Field "enforced.power.limit" is not a valid field to query.'; exit 2;;
        *fan.speed*) echo 'Field "fan.speed" is not a valid field to query.'; exit 2;;
        --query-gpu*) echo 'GPU-1a, Tesla K80, 00000000:00:1E.0, 384.130, 12, 3, 1000, 11441, 40, 60.00, 562, 2505, 0';;
        *) echo 'GPU-1a, 12, python, 900';;
      esac`,
    );
    expect(await nvidiaSmiSource(smi).sample()).toMatchObject([
      {
        name: "Tesla K80",
        gpuUtilization: 0.12,
        powerWatts: 60,
        powerLimitWatts: undefined,
        coreClockHertz: 562e6,
        eccErrors: 0,
        processes: [{ pid: 12, memoryBytes: 900 * 2 ** 20 }],
      },
    ]);
  });

  it("is started at most every two seconds", async () => {
    const log = join(folder, "log");
    const smi = command("counted", `echo "$1" >> '${log}'; echo '${h100}'`);
    const source = nvidiaSmiSource(smi);
    const [first, second] = [await source.sample(), await source.sample()];
    expect(second).toBe(first);
    expect(readFileSync(log, "utf8").trim().split("\n")).toHaveLength(2);
  });

  it("passes on why it fails", async () => {
    const message =
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.";
    const smi = command("failing", `echo "${message}"; exit 9`);
    const error = await failure(() => nvidiaSmiSource(smi).sample(), "UNSUPPORTED");
    expect(error.message).toBe(`${smi} ended with status 9: ${message}`);
    expect(error.hint).toContain("driver");
    const absent = await failure(() => nvidiaSmiSource("aikoryu-no-such-command").sample(), "UNSUPPORTED");
    expect(absent).toMatchObject({ message: "aikoryu-no-such-command is not installed", hint: undefined });
  });
});

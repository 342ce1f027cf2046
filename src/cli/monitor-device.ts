import { formatBytes } from "../core/bytes.ts";
import type { DeviceSample, MonitorSnapshot } from "../monitor/index.ts";
import { bar, percent, sparkline, truncate } from "./bars.ts";

const barWidth = 20;
const historyLength = 30;
const mostProcesses = 4;

/** What the sparklines show: the last values by name. */
export class History {
  readonly #values = new Map<string, number[]>();

  add({ devices, host }: MonitorSnapshot): void {
    for (const device of devices) {
      this.#add(`${device.id} gpu`, device.gpuUtilization);
      this.#add(`${device.id} memory`, memoryShare(device));
    }
    this.#add("host cpu", host.cpuUtilization);
    this.#add("host memory", host.memoryUsedBytes / host.memoryTotalBytes);
  }

  of(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  #add(name: string, value: number | undefined): void {
    if (value === undefined) return;
    this.#values.set(name, [...this.of(name), value].slice(-historyLength));
  }
}

/** A labelled bar, its value in words, and what it was before. */
export function gauge(
  label: string,
  share: number | undefined,
  text: string,
  past: readonly number[],
): string {
  const shown = share === undefined ? " ".repeat(barWidth) : bar(share, barWidth);
  return `  ${label.padEnd(7)}${shown}  ${text.padEnd(22)}${past.length > 1 ? sparkline(past) : ""}`.trimEnd();
}

function memoryShare({ memoryUsedBytes, memoryTotalBytes }: DeviceSample): number | undefined {
  return memoryUsedBytes === undefined || !memoryTotalBytes ? undefined : memoryUsedBytes / memoryTotalBytes;
}

export function memoryText(used: number | undefined, total: number | undefined): string {
  if (used === undefined) return total === undefined ? "" : formatBytes(total);
  return total === undefined ? formatBytes(used) : `${formatBytes(used)} of ${formatBytes(total)}`;
}

/** One device: its name, and under it what is known. */
export function deviceLines(device: DeviceSample, history: History): string[] {
  const { id, name, source, gpuUtilization, memoryUsedBytes, memoryTotalBytes, processes } = device;
  const lines = [`${truncate(name, 46)}  ${device.pciAddress ?? id}  ${source}`];
  if (device.problem !== undefined) return [...lines, `  ${device.problem}`];
  if (gpuUtilization !== undefined)
    lines.push(gauge("gpu", gpuUtilization, percent(gpuUtilization), history.of(`${id} gpu`)));
  const own = source === "runtime" ? " by this program" : "";
  const memory = memoryText(memoryUsedBytes, memoryTotalBytes);
  if (own !== "") lines.push(memory === "" ? "  not opened" : `  memory ${memory} in use${own}`);
  else if (memory !== "") {
    lines.push(gauge("memory", memoryShare(device), memory, history.of(`${id} memory`)));
  }
  const readings = readingsOf(device);
  if (readings.length > 0) lines.push(`  ${readings.join("   ")}`);
  if (device.throttleReasons !== undefined && device.throttleReasons.length > 0)
    lines.push(`  clocks held down by: ${device.throttleReasons.join(", ")}`);
  if (device.eccErrors) lines.push(`  ${device.eccErrors} memory errors that could not be corrected`);
  const programs = [...(processes ?? [])].sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
  for (const { pid, name: program, memoryBytes } of programs.slice(0, mostProcesses)) {
    const held = memoryBytes === undefined ? "-" : formatBytes(memoryBytes);
    lines.push(`  ${String(pid).padStart(8)}  ${held.padStart(10)}  ${program ?? ""}`);
  }
  if (programs.length > mostProcesses) lines.push(`            and ${programs.length - mostProcesses} more`);
  return lines;
}

export function readingsOf(device: DeviceSample): string[] {
  const { temperatureCelsius, powerWatts, powerLimitWatts, coreClockHertz, memoryClockHertz } = device;
  const { fanRatio, pcieReceiveBytesPerSecond: receive, pcieTransmitBytesPerSecond: transmit } = device;
  const limit = powerLimitWatts === undefined ? "" : ` of ${powerLimitWatts.toFixed(0)}`;
  const rate = (bytes: number | undefined) => (bytes === undefined ? "-" : `${(bytes / 1e9).toFixed(1)}`);
  return [
    temperatureCelsius === undefined ? "" : `${temperatureCelsius.toFixed(0)} °C`,
    powerWatts === undefined ? "" : `${powerWatts.toFixed(0)}${limit} W`,
    coreClockHertz === undefined ? "" : `${(coreClockHertz / 1e6).toFixed(0)} MHz`,
    memoryClockHertz === undefined ? "" : `memory ${(memoryClockHertz / 1e6).toFixed(0)} MHz`,
    fanRatio === undefined ? "" : `fan ${percent(fanRatio)}`,
    receive === undefined && transmit === undefined ? "" : `PCIe ${rate(receive)}/${rate(transmit)} GB/s`,
  ].filter((text) => text !== "");
}

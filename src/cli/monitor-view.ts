import { formatBytes } from "../core/bytes.ts";
import type { DeviceSample, MonitorSnapshot, SourceState } from "../monitor/index.ts";
import { bar, percent, sparkline, truncate } from "./bars.ts";
import { formatMs, wrap } from "./table.ts";

export interface ViewOptions {
  readonly width: number;
  readonly title: (text: string) => string;
}

const barWidth = 20;
const historyLength = 30;
const mostProcesses = 4;
const mostCores = 64;

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

/** The view as lines of at most `width` characters. */
export function monitorView(snapshot: MonitorSnapshot, history: History, options: ViewOptions): string[] {
  const { devices, sources, eventLoop } = snapshot;
  const sections = [
    ...devices.map((device) => deviceLines(device, history)),
    hostLines(snapshot, history),
    programLines(snapshot, eventLoop?.maxMs),
    missingLines(devices, sources, options.width),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap(([head = "", ...lines], at) => [
      ...(at === 0 ? [] : [""]),
      options.title(truncate(head, options.width)),
      ...lines.map((line) => truncate(line, options.width)),
    ]);
}

function gauge(label: string, share: number | undefined, text: string, past: readonly number[]): string {
  const shown = share === undefined ? " ".repeat(barWidth) : bar(share, barWidth);
  return `  ${label.padEnd(7)}${shown}  ${text.padEnd(22)}${past.length > 1 ? sparkline(past) : ""}`.trimEnd();
}

function memoryShare({ memoryUsedBytes, memoryTotalBytes }: DeviceSample): number | undefined {
  return memoryUsedBytes === undefined || !memoryTotalBytes ? undefined : memoryUsedBytes / memoryTotalBytes;
}

function memoryText(used: number | undefined, total: number | undefined): string {
  if (used === undefined) return total === undefined ? "" : formatBytes(total);
  return total === undefined ? formatBytes(used) : `${formatBytes(used)} of ${formatBytes(total)}`;
}

function deviceLines(device: DeviceSample, history: History): string[] {
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

function readingsOf(device: DeviceSample): string[] {
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

function hostLines({ host }: MonitorSnapshot, history: History): string[] {
  const { cores, cpuUtilization, coreUtilization, load, container } = host;
  const memory = memoryText(host.memoryUsedBytes, host.memoryTotalBytes);
  const lines = [
    `host  ${cores} ${cores === 1 ? "core" : "cores"}`,
    gauge("cpu", cpuUtilization, percent(cpuUtilization), history.of("host cpu")),
    gauge("memory", host.memoryUsedBytes / host.memoryTotalBytes, memory, history.of("host memory")),
  ];
  const each = coreUtilization.length > 1 ? `cores ${sparkline(coreUtilization.slice(0, mostCores))}` : "";
  const loads = load === undefined ? "" : `load ${load.map((one) => one.toFixed(2)).join(" ")}`;
  if (each !== "" || loads !== "") lines.push(`  ${[loads, each].filter(Boolean).join("   ")}`);
  if (container === undefined) return lines;
  const { memoryLimitBytes, memoryUsedBytes, cpuLimitCores } = container;
  if (memoryLimitBytes !== undefined)
    lines.push(`  container: ${memoryText(memoryUsedBytes, memoryLimitBytes)} memory`);
  if (cpuLimitCores !== undefined)
    lines.push(
      `  container: ${percent(container.cpuUtilization)} of ${Number(cpuLimitCores.toFixed(2))} cores`,
    );
  return lines;
}

function programLines({ process, runtime }: MonitorSnapshot, delayMs: number | undefined): string[] {
  const cpu = process.cpuCores === undefined ? "" : `${process.cpuCores.toFixed(2)} cores, `;
  const delay = delayMs === undefined ? "" : `, event loop ${formatMs(delayMs)} ms late at most`;
  const lines = ["this program", `  ${cpu}${formatBytes(process.residentBytes)}${delay}`];
  if (runtime === undefined) return lines;
  for (const { id, state, losses, pool } of runtime.devices) {
    const lost = losses === 0 ? "" : `, lost ${losses} times`;
    const held =
      pool === undefined
        ? ""
        : `, ${formatBytes(pool.inUseBytes)} in use, ${formatBytes(pool.cachedBytes)} kept for reuse`;
    lines.push(`  ${id} ${state}${held}${lost}`);
  }
  for (const { operation, placement, calls, failures, totalMs } of runtime.operations) {
    const failed = failures === 0 ? "" : `, ${failures} failed`;
    lines.push(
      `  ${operation} on ${placement}: ${calls} calls, ${formatMs(totalMs / calls)} ms each${failed}`,
    );
  }
  for (const { operation, device, code, calls } of runtime.fallbacks)
    lines.push(`  ${operation} fell back from ${device} ${calls} times: ${code}`);
  for (const { operation, queued, items, batches } of runtime.batchers)
    lines.push(`  ${operation} batched: ${items} items in ${batches} batches, ${queued} wait`);
  return lines;
}

/** What is not seen, and why; ways that nothing here needs are left out. */
function missingLines(
  devices: readonly DeviceSample[],
  sources: readonly SourceState[],
  width: number,
): string[] {
  const indent = 14;
  const say = (label: string, text: string) =>
    wrap(text, width - indent).map((line, at) => `  ${at === 0 ? label : ""}`.padEnd(indent) + line);
  const seesGpu = devices.some(({ source }) => source !== "runtime");
  const lines = sources
    .filter(({ state }) => state === "failed" || (state === "absent" && !seesGpu))
    .flatMap(({ source, reason, fix }) => [
      ...say(source, reason ?? "unknown"),
      ...(fix === undefined ? [] : say("fix", fix)),
    ]);
  const values = devices.flatMap(({ name, missing }) =>
    Object.entries(missing).flatMap(([what, reason]) => say("value", `${what} of ${name}: ${reason}`)),
  );
  const all = [...lines, ...values];
  return all.length === 0 ? [] : ["not seen", ...all];
}

/** One line a device and one for the host: for logs, where nothing can be redrawn. */
export function monitorLines({ time, devices, host, process }: MonitorSnapshot, width: number): string[] {
  const clock = time.toTimeString().slice(0, 8);
  const rows = devices.map((device) => {
    const memory = memoryText(device.memoryUsedBytes, device.memoryTotalBytes);
    const parts = [
      device.problem,
      device.gpuUtilization === undefined ? undefined : `gpu ${percent(device.gpuUtilization)}`,
      memory === "" ? undefined : `memory ${memory}`,
      ...readingsOf(device).slice(0, 2),
    ];
    return `${truncate(device.name, 24)}: ${parts.filter(Boolean).join(", ") || "no readings"}`;
  });
  const memory = memoryText(host.memoryUsedBytes, host.memoryTotalBytes);
  const own = formatBytes(process.residentBytes);
  rows.push(`host: cpu ${percent(host.cpuUtilization)}, memory ${memory}, this program ${own}`);
  return rows.map((row) => truncate(`${clock}  ${row}`, width));
}

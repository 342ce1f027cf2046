import { formatBytes } from "../core/bytes.ts";
import type { DeviceSample, MonitorSnapshot, SourceState } from "../monitor/index.ts";
import { counted, percent, sparkline, truncate } from "./bars.ts";
import { deviceLines, gauge, type History, memoryText, readingsOf } from "./monitor-device.ts";
import { formatMs, wrap } from "./table.ts";

export interface ViewOptions {
  readonly width: number;
  readonly title: (text: string) => string;
}

const mostCores = 64;

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

function hostLines({ host }: MonitorSnapshot, history: History): string[] {
  const { cores, cpuUtilization, coreUtilization, load, container } = host;
  const memory = memoryText(host.memoryUsedBytes, host.memoryTotalBytes);
  const lines = [
    `host  ${counted(cores, "core")}`,
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
    const lost = losses === 0 ? "" : `, lost ${counted(losses, "time")}`;
    const held =
      pool === undefined
        ? ""
        : `, ${formatBytes(pool.inUseBytes)} in use, ${formatBytes(pool.cachedBytes)} kept for reuse`;
    lines.push(`  ${id} ${state}${held}${lost}`);
  }
  for (const { operation, placement, calls, failures, totalMs } of runtime.operations) {
    const failed = failures === 0 ? "" : `, ${failures} failed`;
    const each = `${counted(calls, "call")}, ${formatMs(totalMs / calls)} ms each`;
    lines.push(`  ${operation} on ${placement}: ${each}${failed}`);
  }
  for (const { operation, device, code, calls } of runtime.fallbacks)
    lines.push(`  ${operation} fell back from ${device} ${counted(calls, "time")}: ${code}`);
  for (const { operation, queued, items, batches } of runtime.batchers)
    lines.push(
      `  ${operation} batched: ${counted(items, "item")} in ${counted(batches, "batch", "batches")}, ${queued} waiting`,
    );
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

import type { MonitorSnapshot } from "../snapshot.ts";
import type { Metric } from "./text.ts";

export function hostMetrics({ host, process, eventLoop }: MonitorSnapshot): Metric[] {
  const one = (type: Metric["type"], name: string, help: string, value: number | undefined): Metric => ({
    name: `aikoryu_${name}`,
    type,
    help,
    values: [{ labels: {}, value }],
  });
  const { container, load } = host;
  return [
    one("gauge", "host_cpus", "Processors of the machine.", host.cores),
    one("gauge", "host_cpu_utilization_ratio", "Share of all processors in use.", host.cpuUtilization),
    {
      name: "aikoryu_host_core_utilization_ratio",
      type: "gauge",
      help: "Share of each processor in use.",
      values: host.coreUtilization.map((value, at) => ({ labels: { cpu: String(at) }, value })),
    },
    one("gauge", "host_load1", "Runnable programs, averaged over a minute.", load?.[0]),
    one("gauge", "host_memory_size_bytes", "Memory of the machine.", host.memoryTotalBytes),
    one("gauge", "host_memory_used_bytes", "Memory in use by all programs.", host.memoryUsedBytes),
    one(
      "gauge",
      "container_memory_limit_bytes",
      "Memory the container may use.",
      container?.memoryLimitBytes,
    ),
    one("gauge", "container_memory_used_bytes", "Memory the container uses.", container?.memoryUsedBytes),
    one("gauge", "container_cpu_limit_cores", "Processors the container may use.", container?.cpuLimitCores),
    one(
      "gauge",
      "container_cpu_utilization_ratio",
      "Share of the container's processors in use.",
      container?.cpuUtilization,
    ),
    one("counter", "process_cpu_seconds_total", "Processor time this process used.", process.cpuSeconds),
    one("gauge", "process_resident_memory_bytes", "Memory this process holds.", process.residentBytes),
    one("gauge", "process_heap_used_bytes", "Of this, JavaScript objects.", process.heapUsedBytes),
    {
      name: "aikoryu_event_loop_delay_seconds",
      type: "gauge",
      help: "How late timers were since the last snapshot, while watched.",
      values: [
        { labels: { statistic: "mean" }, value: eventLoop && eventLoop.meanMs / 1000 },
        { labels: { statistic: "p99" }, value: eventLoop && eventLoop.p99Ms / 1000 },
        { labels: { statistic: "max" }, value: eventLoop && eventLoop.maxMs / 1000 },
      ],
    },
    one(
      "gauge",
      "event_loop_utilization_ratio",
      "Share of time the event loop was busy, while watched.",
      eventLoop?.utilization,
    ),
  ];
}

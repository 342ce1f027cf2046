import type {
  BatcherStatistics,
  DeviceStatistics,
  OperationStatistics,
  RuntimeStatistics,
} from "../../runtime/index.ts";
import { formatValue, type Labels, type Metric, type Value } from "./text.ts";

type Type = Metric["type"];
type Describe<T> = (type: Type, name: string, help: string, read: (item: T) => number | undefined) => Metric;

function family<T>(prefix: string, items: readonly T[], labels: (item: T) => Labels): Describe<T> {
  return (type, name, help, read) => ({
    name: `aikoryu_${prefix}_${name}`,
    type,
    help,
    values: items.map((item) => ({ labels: labels(item), value: read(item) })),
  });
}

export function runtimeMetrics(statistics: RuntimeStatistics | undefined): Metric[] {
  if (statistics === undefined) return [];
  const { operations, fallbacks, devices, batchers } = statistics;
  return [
    ...operationMetrics(operations),
    {
      name: "aikoryu_fallbacks_total",
      type: "counter",
      help: "Calls that the CPU answered because the GPU could not.",
      values: fallbacks.map(({ operation, device, code, calls }) => ({
        labels: { operation, device, code },
        value: calls,
      })),
    },
    ...runtimeDeviceMetrics(devices),
    ...batcherMetrics(batchers),
  ];
}

function operationMetrics(operations: readonly OperationStatistics[]): Metric[] {
  const metric = family("operation", operations, ({ operation, placement }) => ({ operation, placement }));
  return [
    metric("counter", "calls_total", "Calls by operation and placement.", (one) => one.calls),
    metric("counter", "failures_total", "Of these, calls that failed.", (one) => one.failures),
    metric("counter", "seconds_total", "Time the calls took.", (one) => one.totalMs / 1000),
    metric("counter", "bytes_total", "Bytes that the calls read and wrote.", (one) => one.bytes),
    metric("counter", "flops_total", "Floating-point operations of the calls.", (one) => one.flops),
  ];
}

const states = ["closed", "open", "resting", "lost"] as const;

function runtimeDeviceMetrics(devices: readonly DeviceStatistics[]): Metric[] {
  const metric = family("runtime_device", devices, ({ id }) => ({ device: id }));
  const pool = family("pool", devices, ({ id }) => ({ device: id }));
  const memory = family("memory", devices, ({ id }) => ({ device: id }));
  return [
    {
      name: "aikoryu_runtime_device_state",
      type: "gauge",
      help: "1 for the state the runtime's device is in.",
      values: devices.flatMap(({ id, name, state }) =>
        states.map((one) => ({
          labels: { device: id, name, state: one },
          value: one === state ? 1 : 0,
        })),
      ),
    },
    metric("counter", "losses_total", "Times the device was lost.", (one) => one.losses),
    metric(
      "gauge",
      "memory_used_bytes",
      "Device memory in use by this program.",
      (one) => one.memory?.inUseBytes,
    ),
    metric("gauge", "memory_peak_bytes", "The most that was in use at once.", (one) => one.memory?.peakBytes),
    metric(
      "gauge",
      "memory_free_bytes",
      "Device memory the driver says is free.",
      (one) => one.memory?.freeBytes,
    ),
    metric("gauge", "buffers", "Buffers on the device.", (one) => one.memory?.buffers),
    metric("gauge", "kernels", "Kernels on the device.", (one) => one.memory?.kernels),
    pool("gauge", "used_bytes", "Pooled memory in use.", (one) => one.pool?.inUseBytes),
    pool("gauge", "cached_bytes", "Pooled memory held for reuse.", (one) => one.pool?.cachedBytes),
    pool("gauge", "peak_bytes", "The most pooled memory in use at once.", (one) => one.pool?.peakBytes),
    pool("counter", "hits_total", "Allocations answered from the pool.", (one) => one.pool?.hits),
    pool("counter", "misses_total", "Allocations that needed new memory.", (one) => one.pool?.misses),
    pool("counter", "reclaimed_total", "Buffers that nobody disposed.", (one) => one.pool?.reclaimed),
    pool("gauge", "fragmentation_bytes", "Memory held for nobody.", (one) => one.pool?.fragmentationBytes),
    memory("gauge", "budget_bytes", "What work may take.", (one) => one.pool?.budgetBytes),
    memory("gauge", "reserved_bytes", "Set aside for work under way.", (one) => one.pool?.reservedBytes),
    memory("gauge", "reservations_waiting", "Work waiting for memory.", (one) => one.pool?.waiting),
    memory("gauge", "resident_bytes", "Data that stays between calls.", (one) => one.pool?.residentBytes),
    memory("counter", "evictions_total", "Idle data moved to the host.", (one) => one.pool?.evictions),
    memory("counter", "evicted_bytes_total", "Bytes of it.", (one) => one.pool?.evictedBytes),
    memory("counter", "returns_total", "Evicted data that came back.", (one) => one.pool?.returns),
  ];
}

function batcherMetrics(batchers: readonly BatcherStatistics[]): Metric[] {
  const operations = [...new Set(batchers.map(({ operation }) => operation))];
  const metric = family("batcher", operations, (operation) => ({ operation }));
  const sum = (read: (one: BatcherStatistics) => number) => (operation: string) =>
    batchers.reduce((total, one) => total + (one.operation === operation ? read(one) : 0), 0);
  return [
    metric(
      "gauge",
      "queued",
      "Items that wait for a batch.",
      sum((one) => one.queued),
    ),
    metric(
      "counter",
      "batches_total",
      "Batches that were run.",
      sum((one) => one.batches),
    ),
    metric(
      "counter",
      "items_total",
      "Items of all batches.",
      sum((one) => one.items),
    ),
    metric(
      "counter",
      "rejected_total",
      "Items refused because the queue was full.",
      sum((one) => one.rejected),
    ),
    metric(
      "counter",
      "cancelled_total",
      "Items whose callers gave up.",
      sum((one) => one.cancelled),
    ),
    {
      name: "aikoryu_batcher_batch_size",
      type: "histogram",
      help: "Items a batch.",
      values: operations.flatMap((operation) => sizeHistogram(operation, batchers)),
    },
  ];
}

/** Buckets are cumulative; batchers of one operation are counted together. */
function sizeHistogram(operation: string, batchers: readonly BatcherStatistics[]): Value[] {
  const own = batchers.filter((one) => one.operation === operation && one.batchSizes !== undefined);
  if (own.length === 0) return [];
  const sizes = own.flatMap(({ batchSizes = [] }) => batchSizes);
  const total = (read: (one: BatcherStatistics) => number) => own.reduce((sum, one) => sum + read(one), 0);
  const bounds = [...new Set([...sizes.map(({ upTo }) => upTo), Infinity])];
  const count = total((one) => one.batches);
  const buckets = bounds
    .sort((a, b) => a - b)
    .map((bound) => ({
      suffix: "_bucket",
      labels: { operation, le: formatValue(bound) },
      value:
        bound === Infinity
          ? count
          : sizes.reduce((sum, { upTo, batches }) => sum + (upTo <= bound ? batches : 0), 0),
    }));
  return [
    ...buckets,
    { suffix: "_sum", labels: { operation }, value: total((one) => one.items) },
    { suffix: "_count", labels: { operation }, value: count },
  ];
}

import type { MonitorSnapshot } from "../snapshot.ts";
import { deviceMetrics } from "./device-metrics.ts";
import { hostMetrics } from "./host-metrics.ts";
import { runtimeMetrics } from "./runtime-metrics.ts";
import type { Metric } from "./text.ts";

/** A snapshot as metrics: base units, counters that end in `_total`, shares as ratios from 0 to 1. */
export function metricsOf(snapshot: MonitorSnapshot): Metric[] {
  return [...deviceMetrics(snapshot), ...hostMetrics(snapshot), ...runtimeMetrics(snapshot.runtime)];
}

import type { Adapter, DeviceKind } from "../device/device.ts";
import type { Operation, Placement, Rate, Work } from "./operation.ts";

export type PlacementChoice = "auto" | Placement;

export interface Decision {
  readonly placement: Placement;
  /** For people: what was compared, or who decided. */
  readonly reason: string;
}

/**
 * Bytes a millisecond between host and device. Assumed until calibration measures them: PCIe 3 x16 from pageable
 * memory brings about 6 GB/s; PoCL copies within the same memory at half of its 24 GB/s read+write.
 */
const transferBytesPerMs: Readonly<Record<DeviceKind, number>> = { gpu: 6e6, cpu: 1.2e7, null: Infinity };

/** Takes the smaller predicted time. A null device computes nothing, so it is only ever chosen by name. */
export function place<I, O>(operation: Operation<I, O>, work: Work, adapter: Adapter): Decision {
  if (adapter.kind === "null") {
    return { placement: "cpu", reason: `${adapter.id} computes nothing; ask for it with placement "gpu"` };
  }
  const onDevice = deviceMs(operation.rates[adapter.kind], work, adapter.kind);
  const onEngine = engineMs(operation.rates.engine, work, adapter.kind);
  const software = adapter.kind === "cpu" ? " (a device in software)" : "";
  return {
    placement: onDevice < onEngine ? "gpu" : "cpu",
    // Only reports read it.
    get reason() {
      return `predicted ${formatMs(onEngine)} on ${operation.engine}, ${formatMs(onDevice)} on ${adapter.id}${software}`;
    },
  };
}

function deviceMs(rate: Rate, work: Work, kind: DeviceKind): number {
  const moved = (work.hostBytes + work.resultBytes) / transferBytesPerMs[kind];
  return computeMs(rate, work) + moved;
}

function engineMs(rate: Rate, work: Work, kind: DeviceKind): number {
  return computeMs(rate, work) + work.deviceBytes / transferBytesPerMs[kind];
}

/** An operation is held up by its arithmetic or by its memory, whichever takes longer. */
function computeMs(rate: Rate, work: Work): number {
  return rate.overheadMs + Math.max(work.flops / rate.flopsPerMs, work.bytes / rate.bytesPerMs);
}

function formatMs(ms: number): string {
  return `${ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
}

import type { DeviceKind } from "../../device/device.ts";

/** Milliseconds to move so many bytes one way or the other, waiting included. */
export interface TransferPoint {
  readonly bytes: number;
  readonly uploadMs: number;
  readonly downloadMs: number;
}

/** By ascending `bytes`. */
export type TransferCurve = readonly TransferPoint[];

function straight(latencyMs: number, bytesPerMs: number): TransferCurve {
  return [4096, 2 ** 30].map((bytes) => {
    const ms = latencyMs + bytes / bytesPerMs;
    return { bytes, uploadMs: ms, downloadMs: ms };
  });
}

/**
 * Assumed until a device is calibrated: PCIe 3 x16 from pageable memory brings about 6 GB/s; PoCL copies within the
 * same memory at half of its 24 GB/s read+write.
 */
export const assumedTransfer: Readonly<Record<DeviceKind, TransferCurve>> = {
  gpu: straight(0.02, 6e6),
  cpu: straight(0.02, 1.2e7),
  null: straight(0, Infinity),
};

/** Linear between the points; below the first the same as it, past the last by the rate of the last two. */
export function transferMs(
  curve: TransferCurve,
  direction: "uploadMs" | "downloadMs",
  bytes: number,
): number {
  if (bytes === 0) return 0;
  const above = curve.findIndex((point) => point.bytes >= bytes);
  const [first] = curve;
  if (above === 0 || first === undefined) return first?.[direction] ?? 0;
  const high = curve[above] ?? curve.at(-1) ?? first;
  const low = (above < 0 ? curve.at(-2) : curve[above - 1]) ?? first;
  if (high.bytes === low.bytes) return high[direction];
  const slope = Math.max(0, high[direction] - low[direction]) / (high.bytes - low.bytes);
  return low[direction] + slope * (bytes - low.bytes);
}

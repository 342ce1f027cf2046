import { setImmediate as nextTurn } from "node:timers/promises";
import type { Device } from "../../device/device.ts";
import type { TransferCurve, TransferPoint } from "./transfer.ts";

const sizes = [4096, 65_536, 2 ** 20, 4 * 2 ** 20];
const rounds = 5;

/** Measures uploads and downloads of a few sizes, each waited for; the medians. Takes about 50 ms. */
export async function measureTransfer(device: Device): Promise<TransferCurve> {
  const curve: TransferPoint[] = [];
  for (const bytes of sizes) {
    if (bytes > device.adapter.limits.bufferBytes) break;
    using buffer = device.allocate(bytes, "calibration");
    const data = new Uint8Array(bytes);
    const into = new Uint8Array(bytes);
    const uploads: number[] = [];
    const downloads: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await nextTurn();
      const start = performance.now();
      device.write(buffer, data);
      await device.wait();
      const between = performance.now();
      await device.read(buffer, into);
      if (round === 0) continue;
      uploads.push(between - start);
      downloads.push(performance.now() - between);
    }
    curve.push({ bytes, uploadMs: median(uploads), downloadMs: median(downloads) });
  }
  return curve;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

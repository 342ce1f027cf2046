import { gemm } from "../../dist/kernels/index.js";
import { withBuffers } from "./buffers.mjs";
import { bytesOf } from "./checks.mjs";
import { medianMs } from "./clock.mjs";

const types = ["f32", "tf32", "f16", "bf16", "f64"];
const longestMs = 4_000;

/** Resident square products, TFLOP/s, by size, type and engine. */
export async function products(adapter, clock) {
  const sizes = adapter.kind === "gpu" ? [1024, 4096, 8192] : [512, 1024];
  const rows = [];
  const device = await adapter.open();
  try {
    for (const type of types) {
      if (type === "f64" && !adapter.features.has("f64")) continue;
      for (const engine of device.blas === undefined ? ["kernel"] : ["blas", "kernel"]) {
        if (type === "tf32" && engine === "kernel") continue;
        let lastMs = 0;
        for (const size of sizes) {
          if (lastMs * 8 > longestMs || clock.leftMs() < 20_000) break;
          lastMs = await withBuffers(device, (buffers) => productMs(device, buffers, { type, engine, size }));
          rows.push({ type, engine, size, ms: lastMs, teraflops: (2 * size ** 3) / lastMs / 1e9 });
        }
      }
    }
    return { blas: device.blas?.name ?? null, rows };
  } finally {
    await device.dispose();
  }
}

async function productMs(device, { allocate }, { type, engine, size }) {
  const bytes = size * size * bytesOf(type);
  const [a, b, out] = [allocate(bytes), allocate(bytes), allocate(bytes)];
  const shape = { m: size, n: size, k: size, batch: 1, strideA: 0, strideB: 0, strideC: 0 };
  const work = { type, ...shape, transposeA: false, transposeB: false, a, b, out, alpha: 1, beta: 0 };
  const run = async (count) => {
    for (let i = 0; i < count; i++) await gemm(device, work, { engine });
    await device.wait();
  };
  await run(1);
  const once = await medianMs(() => run(1), 3);
  const count = Math.max(1, Math.min(50, Math.round(100 / once)));
  return (await medianMs(() => run(count), once * count > 500 ? 3 : 7)) / count;
}

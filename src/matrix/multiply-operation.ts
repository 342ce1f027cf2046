import { availableParallelism } from "node:os";
import { AikoError } from "../errors.ts";
import { type AllocateScratch, gemm, gemmScratchBytes } from "../kernels/gemm.ts";
import type { Reservation } from "../memory/index.ts";
import type { CpuContext, GpuContext, Operation, Work } from "../runtime/index.ts";
import { onnxEngine } from "../runtime/onnx/index.ts";
import { allocateHost } from "./host-memory.ts";
import { multiplyBatch } from "./multiply-batch.ts";
import { multiplyStreamed } from "./multiply-stream.ts";
import { onnxProduct } from "./product-onnx.ts";
import type { ProductShape } from "./product-shape.ts";
import { loadRegion, type Region, Storage } from "./storage.ts";

export interface Product {
  readonly shape: ProductShape;
  readonly a: Storage;
  readonly b: Storage;
  /** Present exactly when `beta` is not 0. */
  readonly c: Storage | undefined;
  readonly alpha: number;
  readonly beta: number;
}

const cores = availableParallelism();

export const multiplyOperation: Operation<Product, Storage> = {
  name: "matrix.multiply",
  engine: "onnxruntime",
  rates: {
    // ONNX Runtime: 118 and 224 GFLOP/s on 1 and 2 cores with AVX-512; about half of that with AVX2.
    engine: { overheadMs: 0.05, flopsPerMs: 6e7 * cores, bytesPerMs: 1e7 },
    // Not measured: 3 TFLOP/s lies between integrated and discrete GPUs.
    gpu: { overheadMs: 0.2, flopsPerMs: 3e9, bytesPerMs: 1e8 },
    // PoCL: 41 GFLOP/s on 2 cores.
    cpu: { overheadMs: 0.1, flopsPerMs: 2e7 * cores, bytesPerMs: 1e7 },
  },
  work: ({ shape, a, b, c }): Work => {
    const { m, n, k, batch } = shape;
    const resultBytes = batch * m * n * Float32Array.BYTES_PER_ELEMENT;
    let bytes = resultBytes;
    let hostBytes = 0;
    let deviceBytes = 0;
    for (const storage of c === undefined ? [a, b] : [a, b, c]) {
      bytes += storage.byteLength;
      if (!storage.isOnDevice) hostBytes += storage.byteLength;
      if (!storage.isOnHost) deviceBytes += storage.byteLength;
    }
    return { flops: 2 * batch * m * n * k, bytes, hostBytes, deviceBytes, resultBytes };
  },
  gpu: multiplyOnGpu,
  stream: multiplyStreamed,
  cpu: multiplyOnCpu,
  batch: multiplyBatch,
};

async function multiplyOnGpu(product: Product, context: GpuContext): Promise<Storage> {
  const { device, memory, timer, signal } = context;
  const { shape, a, b, c, alpha, beta } = product;
  const { m, n, k, batch, strideA, strideB, strideC, transposeA, transposeB } = shape;
  const outBytes = batch * m * n * Float32Array.BYTES_PER_ELEMENT;
  const [inA, inB, inC] = [a.region(memory), b.region(memory), c?.region(memory)];
  const needs = {
    label: "A matrix product",
    bytes: [outBytes, ...gemmScratchBytes(device, shape)],
    residents: (inC === undefined ? [inA, inB] : [inA, inB, inC]).map(({ resident }) => resident),
  };
  const multiply = async (reservation: Reservation) => {
    const load = (region: Region) => loadRegion(region, reservation, { timer, signal });
    const [onA, onB, onC] = await settled([load(inA), load(inB), inC && load(inC)]);
    const out = reservation.allocate(outBytes, "product");
    const sizes = { m, n, k, batch, strideA, strideB, strideC, transposeA, transposeB };
    const allocate: AllocateScratch = (bytes, label) => reservation.allocate(bytes, label);
    await gemm(device, { ...sizes, a: onA, b: onB, c: onC, out, alpha, beta }, { timer, allocate });
    await device.wait();
    return Storage.onDevice(memory, reservation.keep(out));
  };
  return memory.use(needs, multiply, { signal });
}

/** Like Promise.all, but a failure waits for the others, so that nothing goes on unobserved. */
async function settled<T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function multiplyOnCpu(
  { shape, a, b, c, alpha, beta }: Product,
  context: CpuContext,
): Promise<Storage> {
  const { meter, signal } = context;
  if (!(a.isOnHost && b.isOnHost && (c?.isOnHost ?? true))) {
    const start = performance.now();
    await settled([a.host(), b.host(), c?.host()]);
    meter.add("downloadMs", performance.now() - start);
  }
  const { m, n, batch } = shape;
  const out = allocateHost(batch * m * n);
  const request = onnxProduct({ shape, a: hostOf(a), b: hostOf(b), c: c && hostOf(c), out, alpha, beta });
  const { flops, bytes } = context.work;
  const timing = await onnxEngine.run({ ...request, effort: flops + 10 * bytes, signal });
  meter.add("queueMs", timing.queueMs);
  meter.add("cpuMs", timing.runMs);
  return Storage.onHost(out);
}

function hostOf(storage: Storage): Float32Array {
  if (storage.hostData !== undefined) return storage.hostData;
  throw new AikoError("BUFFER_DISPOSED", {
    message: `A matrix of ${storage.length} numbers was disposed while in use`,
  });
}

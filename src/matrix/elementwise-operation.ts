import { byteLengthOf, type DType } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { type Expression, nodesOf } from "../expression/expression.ts";
import { elementwise } from "../kernels/elementwise.ts";
import { elementwiseOnHost } from "../runtime/elementwise/index.ts";
import type { CpuContext, GpuContext, Operation, Work } from "../runtime/index.ts";
import { allocateHostArray } from "./host-memory.ts";
import { type AnyStorage, loadRegion, Storage, wholeWords } from "./storage.ts";
import type { Layout } from "./view.ts";

export interface ElementwiseInput {
  readonly expression: Expression;
  readonly inputs: readonly { readonly storage: AnyStorage; readonly layout: Layout }[];
  readonly shape: Shape;
  readonly dtype: DType;
}

export const elementwiseOperation: Operation<ElementwiseInput, AnyStorage> = {
  name: "matrix.elementwise",
  engine: "javascript",
  rates: {
    engine: { overheadMs: 0.02, flopsPerMs: 4e5, bytesPerMs: 4e6 },
    gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
  },
  work: ({ expression, inputs, shape, dtype }): Work => {
    const count = elementCount(shape);
    const resultBytes = byteLengthOf(dtype, count);
    let bytes = resultBytes;
    let hostBytes = 0;
    let deviceBytes = 0;
    for (const storage of new Set(inputs.map((input) => input.storage))) {
      bytes += Math.min(storage.byteLength, byteLengthOf(storage.dtype, count));
      if (!storage.isOnDevice) hostBytes += storage.byteLength;
      if (!storage.isOnHost) deviceBytes += storage.byteLength;
    }
    return { flops: count * nodesOf([expression]).length, bytes, hostBytes, deviceBytes, resultBytes };
  },
  gpu: runOnGpu,
  cpu: runOnCpu,
};

async function runOnGpu(
  { expression, inputs, shape, dtype }: ElementwiseInput,
  { device, memory, timer, signal }: GpuContext,
): Promise<AnyStorage> {
  const count = elementCount(shape);
  const resultBytes = wholeWords(byteLengthOf(dtype, count));
  const regions = inputs.map(({ storage }) => storage.region(memory));
  const needs = {
    label: elementwiseOperation.name,
    bytes: [resultBytes],
    residents: regions.map(({ resident }) => resident),
  };
  return memory.use(
    needs,
    async (reservation) => {
      const loading = regions.map((region) => loadRegion(region, reservation, { timer, signal }));
      await Promise.allSettled(loading);
      const loaded = await Promise.all(loading);
      const result = reservation.allocate(resultBytes, elementwiseOperation.name);
      const strided = inputs.flatMap(({ storage, layout }, at) => {
        const data = loaded[at];
        return data === undefined ? [] : [{ data, dtype: storage.dtype, ...layout }];
      });
      await elementwise(device, { expression, inputs: strided, shape, result, resultType: dtype }, { timer });
      await device.wait();
      return Storage.onDevice(memory, reservation.keep(result), dtype, count);
    },
    { signal },
  );
}

async function runOnCpu(
  { expression, inputs, shape, dtype }: ElementwiseInput,
  { meter, signal }: CpuContext,
): Promise<AnyStorage> {
  const start = performance.now();
  const isAway = inputs.some(({ storage }) => !storage.isOnHost);
  const arrays = await Promise.all(inputs.map(({ storage }) => storage.host()));
  const computing = performance.now();
  if (isAway) meter.add("downloadMs", computing - start);
  const result = allocateHostArray(dtype, elementCount(shape));
  const strided = inputs.flatMap(({ storage, layout }, at) => {
    const data = arrays[at];
    return data === undefined ? [] : [{ data, dtype: storage.dtype, ...layout }];
  });
  await elementwiseOnHost({ expression, inputs: strided, shape, result, resultType: dtype }, { signal });
  meter.add("cpuMs", performance.now() - computing);
  return Storage.onHost(result, dtype);
}

import { byteLengthOf, type DType, type HostArray } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import type { BufferView, Device, Timer } from "../device/device.ts";
import type { PoolBuffer } from "../memory/index.ts";
import type {
  CpuContext,
  GpuContext,
  Operation,
  OperationReport,
  Rates,
  RunOptions,
  Runtime,
} from "../runtime/index.ts";
import { evaluated } from "./evaluate.ts";
import { allocateHostArray } from "./host-memory.ts";
import { type AnyMatrix, Matrix } from "./matrix.ts";
import { type AnyStorage, loadRegion, Storage, wholeWords } from "./storage.ts";

/** Shape and element type of an input or an output. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Dense numbers in row-major order on a device. */
export interface DeviceTensor extends TensorType {
  readonly data: BufferView;
}

/** Dense numbers in row-major order on the host. */
export interface HostTensor<A extends HostArray = HostArray> extends TensorType {
  readonly data: A;
}

export interface DeviceCall<P> {
  readonly parameters: P;
  readonly inputs: readonly DeviceTensor[];
  /** To be written in full. */
  readonly outputs: readonly DeviceTensor[];
  readonly device: Device;
  readonly timer: Timer | undefined;
  /** Scratch memory, contents undefined, freed after the call. */
  readonly allocate: (bytes: number, label: string) => PoolBuffer;
  readonly signal: AbortSignal | undefined;
}

export interface HostCall<P> {
  readonly parameters: P;
  readonly inputs: readonly HostTensor[];
  /** Undefined contents, to be written in full. */
  readonly outputs: readonly HostTensor[];
  readonly context: CpuContext;
}

/** An operation from dense inputs to dense outputs whose types follow from those of the inputs. */
export interface DenseDefinition<P> {
  readonly name: string;
  /** What runs the CPU path: "onnxruntime" or "javascript". */
  readonly engine: string;
  readonly rates: Rates;
  outputs(inputs: readonly TensorType[], parameters: P): readonly TensorType[];
  flops(inputs: readonly TensorType[], outputs: readonly TensorType[], parameters: P): number;
  /** Scratch that `gpu` will allocate, so that it is reserved before the work starts. */
  scratchBytes?(device: Device, inputs: readonly TensorType[], parameters: P): readonly number[];
  /** Enqueues the work; it is waited for afterwards. */
  gpu(call: DeviceCall<P>): Promise<void>;
  cpu(call: HostCall<P>): Promise<void>;
}

interface DenseInput<P> {
  readonly storages: readonly AnyStorage[];
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly parameters: P;
}

/** Runs one call: evaluates its inputs, places it, and gives a matrix for each output. */
export type DenseRun<P> = (
  runtime: Runtime,
  inputs: readonly AnyMatrix[],
  parameters: P,
  options?: RunOptions,
) => Promise<readonly AnyMatrix[]>;

export function denseOperation<P>(definition: DenseDefinition<P>): DenseRun<P> {
  const operation: Operation<DenseInput<P>, DenseOutput> = {
    name: definition.name,
    engine: definition.engine,
    rates: definition.rates,
    work: (input) => workOf(definition, input),
    gpu: (input, context) => runOnGpu(definition, input, context),
    cpu: (input, context) => runOnCpu(definition, input, context),
  };
  return async (runtime, matrices, parameters, options = {}) => {
    const inputs = matrices.map(({ shape, dtype }) => ({ shape, dtype }));
    const outputs = definition.outputs(inputs, parameters);
    const storages = await Promise.all(matrices.map((matrix) => evaluated(runtime, matrix, options)));
    const input = { storages, inputs, outputs, parameters };
    const isEmpty = [...inputs, ...outputs].some(({ shape }) => elementCount(shape) === 0);
    const placed = isEmpty ? ({ ...options, placement: "cpu" } as const) : options;
    const { value, report } = await runtime.run(operation, input, placed);
    return value.storages.map((storage, at) => matrixOf(storage, outputs[at], report));
  };
}

function matrixOf(
  storage: AnyStorage,
  type: TensorType | undefined,
  report: OperationReport | undefined,
): AnyMatrix {
  return new Matrix(storage, type?.shape ?? [storage.length], report);
}

/** What a call leaves behind; all of it is freed when the call fails after it was made. */
class DenseOutput implements Disposable {
  readonly storages: readonly AnyStorage[];

  constructor(storages: readonly AnyStorage[]) {
    this.storages = storages;
  }

  dispose(): void {
    for (const storage of this.storages) storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function workOf<P>(definition: DenseDefinition<P>, { storages, inputs, outputs, parameters }: DenseInput<P>) {
  const resultBytes = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
  let bytes = resultBytes;
  let hostBytes = 0;
  let deviceBytes = 0;
  for (const storage of new Set(storages)) {
    bytes += storage.byteLength;
    if (!storage.isOnDevice) hostBytes += storage.byteLength;
    if (!storage.isOnHost) deviceBytes += storage.byteLength;
  }
  return { flops: definition.flops(inputs, outputs, parameters), bytes, hostBytes, deviceBytes, resultBytes };
}

async function runOnGpu<P>(
  definition: DenseDefinition<P>,
  { storages, inputs, outputs, parameters }: DenseInput<P>,
  { device, memory, timer, signal }: GpuContext,
): Promise<DenseOutput> {
  const regions = storages.map((storage) => storage.region(memory));
  const scratch = definition.scratchBytes?.(device, inputs, parameters) ?? [];
  const needs = {
    label: definition.name,
    bytes: [...outputs.map((output) => wholeWords(bytesOf(output))), ...scratch],
    residents: regions.map(({ resident }) => resident),
  };
  return memory.use(
    needs,
    async (reservation) => {
      const loading = regions.map((region) => loadRegion(region, reservation, { timer, signal }));
      await Promise.allSettled(loading);
      const loaded = await Promise.all(loading);
      const buffers = outputs.map((output) =>
        reservation.allocate(wholeWords(bytesOf(output)), definition.name),
      );
      await definition.gpu({
        parameters,
        inputs: tensors(inputs, loaded),
        outputs: tensors(outputs, buffers),
        device,
        timer,
        allocate: (bytes, label) => reservation.allocate(bytes, label),
        signal,
      });
      await device.wait();
      const kept = buffers.map((buffer, at) => {
        const { dtype, shape } = outputs[at] as TensorType;
        return Storage.onDevice(memory, reservation.keep(buffer), dtype, elementCount(shape));
      });
      return new DenseOutput(kept);
    },
    { signal },
  );
}

async function runOnCpu<P>(
  definition: DenseDefinition<P>,
  { storages, inputs, outputs, parameters }: DenseInput<P>,
  context: CpuContext,
): Promise<DenseOutput> {
  const start = performance.now();
  const isAway = storages.some(({ isOnHost }) => !isOnHost);
  const arrays = await Promise.all(storages.map((storage) => storage.host()));
  if (isAway) context.meter.add("downloadMs", performance.now() - start);
  const results = outputs.map(({ dtype, shape }) => allocateHostArray(dtype, elementCount(shape)));
  const computing = performance.now();
  await definition.cpu({
    parameters,
    inputs: tensors(inputs, arrays),
    outputs: tensors(outputs, results),
    context,
  });
  context.meter.add("cpuMs", performance.now() - computing);
  return new DenseOutput(results.map((data, at) => Storage.onHost(data, (outputs[at] as TensorType).dtype)));
}

function tensors<T>(types: readonly TensorType[], data: readonly T[]): (TensorType & { readonly data: T })[] {
  return types.map((type, at) => ({ ...type, data: data[at] as T }));
}

function bytesOf({ dtype, shape }: TensorType): number {
  return byteLengthOf(dtype, elementCount(shape));
}

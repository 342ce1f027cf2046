import { type DType, dtypes } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { packFlags, type Reducer, reduceAxis } from "../kernels/index.ts";
import { type DenseRun, type DeviceCall, denseOperation, type HostCall } from "./dense-operation.ts";
import { numberType, runLines, sizesAlong } from "./lines.ts";

export type MatrixReduction = Exclude<Reducer, "sumOfSquares" | "logSum">;

export interface ReduceParameters {
  readonly reduction: MatrixReduction;
  /** The axes from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** Of the result. */
  readonly shape: Shape;
  readonly correction: number;
}

/** As NumPy has it, but for positions, which are i32: sums of integers are 64 bits wide, their means f64. */
export function reducedType(reduction: MatrixReduction, dtype: DType): DType {
  const { kind } = dtypes[dtype];
  switch (reduction) {
    case "min":
    case "max":
      return dtype;
    case "any":
    case "all":
      return "bool";
    case "argMin":
    case "argMax":
      return "i32";
    case "sum":
    case "product":
      if (kind === "float") return dtype;
      return kind === "unsigned" ? "u64" : "i64";
    default:
      return kind === "float" ? dtype : "f64";
  }
}

const operations = new Map<MatrixReduction, DenseRun<ReduceParameters>>();

/** One operation a reduction: each has its own speed. */
export function reduceOperation(reduction: MatrixReduction): DenseRun<ReduceParameters> {
  let operation = operations.get(reduction);
  if (operation === undefined) {
    operation = makeOperation(reduction);
    operations.set(reduction, operation);
  }
  return operation;
}

function makeOperation(reduction: MatrixReduction): DenseRun<ReduceParameters> {
  return denseOperation<ReduceParameters>({
    name: `matrix.${reduction}`,
    engine: "javascript",
    rates: {
      engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 4e6 },
      gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
      cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
    },
    outputs: ([input], { shape }) => [{ shape, dtype: reducedType(reduction, input?.dtype ?? "f32") }],
    flops: ([input]) => elementCount(input?.shape ?? []),
    gpu: reduceOnGpu,
    cpu: reduceOnCpu,
  });
}

async function reduceOnGpu({
  parameters: { reduction, first, end, correction },
  inputs: [input],
  outputs: [output],
  device,
  timer,
  allocate,
}: DeviceCall<ReduceParameters>): Promise<void> {
  if (input === undefined || output === undefined) return;
  const options = { timer, allocate };
  const sizes = sizesAlong(input.shape, first, end);
  const source = input.data;
  if (output.dtype === "bool") {
    const type = input.dtype === "bool" ? "bool" : numberType(input.dtype);
    const count = sizes.outer * sizes.inner;
    using flags = allocate(count * 4, "flags");
    await reduceAxis(device, { ...sizes, reduction, type, source, result: flags }, options);
    await packFlags(device, { flags, result: output.data, count }, options);
    return;
  }
  const type = numberType(input.dtype);
  const resultType = numberType(output.dtype);
  if (resultType !== type && needsFloats.has(reduction)) {
    throw new AikoError("UNSUPPORTED", { message: `The kernel for ${reduction} takes floats, not ${type}` });
  }
  const work = { ...sizes, reduction, type, resultType, source, result: output.data, correction };
  await reduceAxis(device, work, options);
}

const needsFloats: ReadonlySet<MatrixReduction> = new Set(["minAbs", "maxAbs", "logSumExp"]);

async function reduceOnCpu({
  parameters: { reduction, first, end, correction },
  inputs: [input],
  outputs: [output],
  context: { signal },
}: HostCall<ReduceParameters>): Promise<void> {
  if (input === undefined || output === undefined) return;
  const { outer, n, inner } = sizesAlong(input.shape, first, end);
  await runLines(
    {
      module,
      name: "reduceLines",
      arrays: [input.data, output.data],
      parameters: { reduction, n, inner, correction },
      effort: input.data.length,
      signal,
    },
    outer * inner,
  );
}

const module = new URL("./host/reduce.js", import.meta.url).href;

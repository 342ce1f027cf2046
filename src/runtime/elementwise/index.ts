import { byteLengthOf, type DType, dtypes, type HostArray } from "../../core/dtype.ts";
import { elementCount, type Shape } from "../../core/shape.ts";
import { collapse, type Strides } from "../../core/strides.ts";
import { computeType, type Expression, nodesOf } from "../../expression/expression.ts";
import { javascriptEngine } from "../javascript/index.ts";
import type { LoopParameters } from "./host.ts";
import { effortOf, loopOf } from "./loop.ts";

const module = new URL("./host.js", import.meta.url).href;

export interface HostStridedInput {
  readonly data: HostArray;
  readonly dtype: DType;
  /** Elements, one a dimension of the shape: 0 repeats (broadcasts), negative runs backwards. */
  readonly strides: Strides;
  readonly offset?: number;
}

/** What the kernel `elementwise` takes, on the host. */
export interface HostElementwise {
  readonly expression: Expression;
  readonly inputs: readonly HostStridedInput[];
  readonly shape: Shape;
  readonly result: HostArray;
  readonly resultType: DType;
}

/** Work that is worth a thread of its own, in loop iterations. */
const leastEffort = 200_000;

/** Computes an expression for every element of a shape, on as many threads as it is worth. Rejects with ABORTED. */
export async function elementwiseOnHost(
  work: HostElementwise,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const count = elementCount(work.shape);
  if (count === 0) return;
  const { expression, inputs, shape, result, resultType } = isCopy(work) ? bitwise(work) : work;
  const flat = collapse(
    shape,
    inputs.map(({ strides }) => strides),
  );
  const elements = elementCount(flat.shape);
  const loop = loopOf({
    expression,
    inputs: inputs.map(({ dtype }) => dtype),
    resultType,
    rank: flat.shape.length,
  });
  const effort = elements * effortOf(resultType, nodesOf([expression]).length);
  const parts = Math.max(1, Math.min(javascriptEngine.parallelism, Math.floor(effort / leastEffort)));
  const share = Math.ceil(elements / parts / 64) * 64;
  const arrays = [...inputs.map(({ data }) => data), result];
  const runs: Promise<unknown>[] = [];
  for (let first = 0; first < elements; first += share) {
    const parameters: LoopParameters = {
      ...loop,
      first,
      last: Math.min(elements, first + share),
      sizes: flat.shape,
      strides: flat.strides,
      offsets: inputs.map(({ offset }) => offset ?? 0),
    };
    runs.push(
      javascriptEngine.run({
        module,
        name: "elementwise",
        arrays,
        parameters,
        effort: effort / parts,
        signal: options.signal,
      }),
    );
  }
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

function isCopy({ expression, inputs, resultType }: HostElementwise): boolean {
  return expression.kind === "input" && inputs[expression.index]?.dtype === resultType;
}

/** A copy moves bits, 8 bytes as two words: bigints would be allocated one by one. */
function bitwise(work: HostElementwise): HostElementwise {
  const index = work.expression.kind === "input" ? work.expression.index : 0;
  const bytes = byteLengthOf(work.resultType, 1);
  const resultType = bytes === 1 ? "u8" : bytes === 2 ? "u16" : "u32";
  const { shape, inputs } = work;
  const inWords = bytes === 8;
  return {
    expression: { kind: "input", index: 0, type: computeType(resultType) },
    inputs: inputs
      .filter((_, at) => at === index)
      .map(({ data, strides, offset = 0 }) => ({
        data: viewOf(data, resultType),
        dtype: resultType,
        strides: inWords ? [...strides.map((stride) => 2 * stride), 1] : strides,
        offset: inWords ? 2 * offset : offset,
      })),
    shape: inWords ? [...shape, 2] : shape,
    result: viewOf(work.result, resultType),
    resultType,
  };
}

function viewOf({ buffer, byteOffset, byteLength }: HostArray, dtype: DType): HostArray {
  const { array, bytes } = dtypes[dtype];
  return new array(buffer, byteOffset, byteLength / bytes);
}

import { byteLengthOf, type DType, dtypes, type HostArray } from "../../core/dtype.ts";
import { elementCount, type Shape } from "../../core/shape.ts";
import { axisAcross, type Collapsed, collapse, denseStrides, type Strides } from "../../core/strides.ts";
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
  const offsets = [...inputs.map(({ offset }) => offset ?? 0), 0];
  const arrays = [...inputs.map(({ data }) => data), result];
  const nodes = nodesOf([expression]).length;
  const form = { expression, inputs: inputs.map(({ dtype }) => dtype), resultType };
  const runs = piecesOf(flat, offsets).flatMap((piece) => {
    const loop = loopOf({ ...form, rank: piece.sizes.length });
    const elements = elementCount(piece.sizes);
    const effort = elements * effortOf(resultType, nodes);
    const parts = Math.max(1, Math.min(javascriptEngine.parallelism, Math.floor(effort / leastEffort)));
    const share = Math.ceil(elements / parts / 64) * 64;
    return Array.from({ length: Math.ceil(elements / share) }, (_, part) => {
      const [first, last] = [part * share, Math.min(elements, (part + 1) * share)];
      const parameters: LoopParameters = { ...loop, ...piece, first, last };
      const request = { module, name: "elementwise", arrays, parameters, effort: effort / parts };
      return javascriptEngine.run({ ...request, signal: options.signal });
    });
  });
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

type Piece = Pick<LoopParameters, "sizes" | "strides" | "offsets">;

const tileWidth = 32;

/**
 * The order in which the elements are visited: that of the result, or in strips of columns where an input lies across, so
 * that what a cache line brings is used before it goes. The result is the last of the operands.
 */
function piecesOf(flat: Collapsed, offsets: readonly number[]): readonly Piece[] {
  const { shape } = flat;
  const strides = [...flat.strides, denseStrides(shape)];
  const across = axisAcross(flat);
  if (across === undefined) return [{ sizes: shape, strides, offsets }];
  const inner = shape.length - 1;
  const width = shape[inner] ?? 1;
  const whole = Math.floor(width / tileWidth);
  const outer = (values: Strides) => values.filter((_, axis) => axis !== across && axis !== inner);
  const ends = (values: Strides) => [values[across] ?? 0, values[inner] ?? 0] as const;
  const strips: Piece = {
    sizes: [...outer(shape), whole, shape[across] ?? 1, tileWidth],
    strides: strides.map((each) => [...outer(each), ends(each)[1] * tileWidth, ...ends(each)]),
    offsets,
  };
  const rest: Piece = {
    sizes: [...outer(shape), shape[across] ?? 1, width - whole * tileWidth],
    strides: strides.map((each) => [...outer(each), ...ends(each)]),
    offsets: offsets.map((offset, at) => offset + whole * tileWidth * (strides[at]?.[inner] ?? 0)),
  };
  return [strips, rest].filter(({ sizes }) => elementCount(sizes) > 0);
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

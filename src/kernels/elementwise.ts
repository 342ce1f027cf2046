import { byteLengthOf, type DType } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { axisAcross, type Collapsed, collapse, denseStrides, reach, type Strides } from "../core/strides.ts";
import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { computeType, type Expression } from "../expression/expression.ts";
import { constantWords } from "../expression/wgsl.ts";
import { type Piece, piecesOf } from "./elementwise-pieces.ts";
import {
  type Access,
  type ElementwiseText,
  elementwiseText,
  tileSide,
  type Walk,
} from "./elementwise-text.ts";
import { perWord } from "./elementwise-types.ts";
import { chunkOf, kernelOn, wantsLongThreads } from "./source.ts";

/** Device memory, and how the dimensions of the result step through it. Strides and offset count elements. */
export interface StridedInput {
  readonly data: DeviceBuffer | BufferView;
  readonly dtype: DType;
  /** One a dimension of the shape: 0 repeats (broadcasts), negative runs backwards. */
  readonly strides: Strides;
  readonly offset?: number;
}

export interface ElementwiseArguments {
  /** Of inputs 0 to 5, with the `computeType` of their `dtype`. */
  readonly expression: Expression;
  readonly inputs: readonly StridedInput[];
  readonly shape: Shape;
  /** Dense, row-major, whole words of 4 bytes: the rest of the last one becomes 0. Overlaps no input. */
  readonly result: DeviceBuffer | BufferView;
  /** Its `computeType` is the expression's type; narrow types wrap or round. */
  readonly resultType: DType;
}

const mostInputs = 6;
const longThreads = 64;

/**
 * Enqueues one fused kernel that computes an expression for every element of a shape. The expression `input(0, type)`
 * makes it the strided copy, of any element type bit by bit on every device. Rejects with INVALID_ARGUMENT for operands that
 * do not fit, and with UNSUPPORTED for more than 2^31 elements and for f64 arithmetic on a device without f64.
 */
export async function elementwise(
  device: Device,
  work: ElementwiseArguments,
  options: WorkOptions = {},
): Promise<void> {
  assertFits(work);
  const { shape, result } = work;
  const count = elementCount(shape);
  if (count === 0) return;
  const { expression, inputs, resultType } = isCopy(work) ? bitwise(work) : work;
  const flat = collapse(
    shape,
    inputs.map(({ strides }) => strides),
  );
  const operands = {
    inputs: inputs.map((each) => ({ ...each, offset: each.offset ?? 0 })),
    result,
    resultType,
  };
  for (const piece of piecesOf(device, flat, operands)) await enqueue(device, expression, piece, options);
}

async function enqueue(
  device: Device,
  expression: Expression,
  piece: Piece,
  options: WorkOptions,
): Promise<void> {
  const { flat, inputs, result, resultType } = piece;
  const { walk, shape, strides } = walkOf(device, flat, resultType);
  const text = elementwiseText({
    expression,
    inputs: inputs.map(({ dtype }, at) => ({ dtype, access: accessOf(strides[at] ?? []) })),
    rank: shape.length,
    resultType,
    walk,
  });
  const kernel = await kernelOn(device, text.text, { label: "elementwise" });
  const count = elementCount(shape);
  const units = walk === "tiles" ? tilesIn(shape) : Math.ceil(count / perWord(resultType));
  const chunk = chunkOf(units, longThreads, walk === "tiles" ? 1 : 16);
  const head = [walk === "tiles" ? units : count, chunk];
  const offsets = inputs.map(({ offset }) => offset);
  const bindings: Record<string, DeviceBuffer | BufferView | Uint32Array> = {
    result,
    parameters: parametersOf(text, head, shape, strides, offsets),
  };
  for (const [at, { data }] of inputs.entries()) {
    if (text.used.has(at)) bindings[`input_${at}`] = data;
  }
  if (walk === "short") device.dispatchThreads(kernel, bindings, units, options);
  else device.dispatch(kernel, bindings, Math.ceil(units / chunk), options);
}

function parametersOf(
  text: ElementwiseText,
  head: readonly number[],
  shape: Shape,
  strides: readonly Strides[],
  offsets: readonly number[],
): Uint32Array {
  const words = [...head, ...shape];
  for (const [at, each] of strides.entries()) words.push(offsets[at] ?? 0, ...each);
  for (const constant of text.constants) words.push(...constantWords(constant));
  const padded = new Int32Array(Math.ceil(words.length / 4) * 4);
  padded.set(words.map((word) => word | 0));
  return new Uint32Array(padded.buffer);
}

interface Walked extends Collapsed {
  readonly walk: Walk;
}

function walkOf(device: Device, flat: Collapsed, resultType: DType): Walked {
  const { shape, strides } = flat;
  if (!wantsLongThreads(device)) return { ...flat, walk: "short" };
  const parts = perWord(resultType);
  const across = parts === 1 ? axisAcross(flat) : undefined;
  if (across !== undefined) {
    const moved = <T>(values: readonly T[]) => [
      ...values.filter((_, axis) => axis !== across && axis !== shape.length - 1),
      values[across] as T,
      values[shape.length - 1] as T,
    ];
    return { walk: "tiles", shape: moved(shape), strides: [...strides, denseStrides(shape)].map(moved) };
  }
  const isWhole = shape.length === 1 || (shape.at(-1) ?? 1) % parts === 0;
  return { ...flat, walk: isWhole ? "runs" : "units" };
}

function tilesIn(shape: Shape): number {
  const inTiles = shape.map((size, axis) => (axis < shape.length - 2 ? size : Math.ceil(size / tileSide)));
  return elementCount(inTiles);
}

function accessOf(strides: Strides): Access {
  if (strides.every((stride) => stride === 0)) return "scalar";
  const last = strides.at(-1);
  return last === 1 ? "unit" : last === 0 ? "same" : "strided";
}

function isCopy({ expression, inputs, resultType }: ElementwiseArguments): boolean {
  return expression.kind === "input" && inputs[expression.index]?.dtype === resultType;
}

const bits = { 1: "u8", 2: "u16", 4: "u32", 8: "u64" } as const;

/** A copy moves bits, so that NaN stays what it is and no device needs f64. */
function bitwise(work: ElementwiseArguments): ElementwiseArguments {
  const resultType = bits[byteLengthOf(work.resultType, 1) as keyof typeof bits];
  const index = work.expression.kind === "input" ? work.expression.index : 0;
  return {
    ...work,
    resultType,
    expression: { kind: "input", index, type: computeType(resultType) },
    inputs: work.inputs.map((input, at) => (at === index ? { ...input, dtype: resultType } : input)),
  };
}

function assertFits({ expression, inputs, shape, result, resultType }: ElementwiseArguments): void {
  if (inputs.length > mostInputs) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `An elementwise kernel takes at most ${mostInputs} inputs, got ${inputs.length}`,
      hint: "Evaluate parts of the expression first.",
    });
  }
  if (expression.type !== computeType(resultType)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `An expression of type ${expression.type} cannot be stored as ${resultType}`,
      hint: "Convert it first.",
    });
  }
  const count = elementCount(shape);
  assertCovers("The result", result, resultType, [0, count - 1]);
  for (const [at, { data, dtype, strides, offset = 0 }] of inputs.entries()) {
    if (strides.length !== shape.length) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Input ${at} has ${strides.length} strides for ${shape.length} dimensions`,
      });
    }
    const range = reach(shape, strides, offset);
    if (range !== undefined) assertCovers(`Input ${at}`, data, dtype, range);
  }
}

function assertCovers(
  name: string,
  data: DeviceBuffer | BufferView,
  dtype: DType,
  [first, last]: readonly [number, number],
): void {
  if (last >= 2 ** 31) {
    throw new AikoError("UNSUPPORTED", {
      message: `${name} spans ${last + 1} elements; elementwise kernels index up to 2^31`,
      hint: "Split it into blocks of rows.",
    });
  }
  if (first >= 0 && byteLengthOf(dtype, last + 1) <= data.byteLength) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} needs the elements ${first} to ${last} of type ${dtype}, but has ${data.byteLength} bytes`,
  });
}

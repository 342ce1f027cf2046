import type { DType } from "../core/dtype.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { AxisSizes, NumberType } from "../kernels/index.ts";
import { type JavascriptRequest, javascriptEngine } from "../runtime/javascript/index.ts";

/** The axis counted from the front. Throws INVALID_ARGUMENT. */
export function axisIn(shape: Shape, axis: number, name: string): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(at) && at >= 0 && at < shape.length) return at;
  const message = `${name} along axis ${axis} of a ${formatShape(shape)} matrix, which has ${shape.length} axes`;
  const hint =
    shape.length === 0 ? "A single number has no axes." : `Axes are ${-shape.length} to ${shape.length - 1}.`;
  throw new AikoError("INVALID_ARGUMENT", { message, hint });
}

/** What lies outside, along, and inside of the axes from `first` to before `end`. */
export function sizesAlong(shape: Shape, first: number, end: number): AxisSizes {
  const product = (sizes: Shape) => sizes.reduce((count, size) => count * size, 1);
  return {
    outer: product(shape.slice(0, first)),
    n: product(shape.slice(first, end)),
    inner: product(shape.slice(end)),
  };
}

/** The type for kernels along an axis. Throws UNSUPPORTED for the narrow ones. */
export function numberType(dtype: DType): NumberType {
  if (dtype in numberTypes) return dtype as NumberType;
  throw new AikoError("UNSUPPORTED", { message: `Kernels along an axis do not take ${dtype}` });
}

const numberTypes: Readonly<Record<NumberType, true>> = {
  f32: true,
  f64: true,
  i32: true,
  u32: true,
  i64: true,
  u64: true,
};

/** A share of the lines of a task. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** Below this effort one thread does it all. */
const leastShare = 200_000;

/** Runs a task on the CPU over ranges of `lines` lines, on as many threads as the effort is worth. */
export async function runLines(
  request: JavascriptRequest & { readonly parameters: object; readonly effort: number },
  lines: number,
): Promise<void> {
  const { effort } = request;
  const shares = Math.min(javascriptEngine.parallelism, lines, Math.ceil(effort / leastShare));
  const size = Math.ceil(lines / Math.max(1, shares));
  const running: Promise<unknown>[] = [];
  for (let first = 0; first < lines; first += size) {
    const parameters = { ...request.parameters, first, last: Math.min(lines, first + size) };
    running.push(javascriptEngine.run({ ...request, parameters, effort: effort / Math.max(1, shares) }));
  }
  await Promise.allSettled(running);
  await Promise.all(running);
}

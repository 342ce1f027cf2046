import { formatShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";

type Pair = readonly [y: number, x: number];
type Quad = readonly [top: number, left: number, bottom: number, right: number];

/** One number for both axes, or [y, x]. */
export type PerAxis = number | Pair;

/** One number for all sides, [y, x], or [top, left, bottom, right]. "same" keeps `ceil(size / stride)`, the odd one at the end. */
export type Padding = number | Pair | Quad | "same";

export interface WindowOptions {
  readonly stride?: PerAxis | undefined;
  readonly dilation?: PerAxis | undefined;
  readonly padding?: Padding | undefined;
}

/** How a kernel moves over an image, checked. */
export interface Windows {
  readonly height: number;
  readonly width: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Quad;
}

/** Throws INVALID_ARGUMENT for what is no count, for padding below 0 and for a kernel larger than the padded image. */
export function windowsOf(image: Pair, kernel: Pair, options: WindowOptions, names = ["y", "x"]): Windows {
  const [height, width] = image;
  assertCounts(kernel, "kernel", 1);
  const stride = pairOf(options.stride ?? 1, "stride");
  const dilation = pairOf(options.dilation ?? 1, "dilation");
  const reach = [0, 1].map((axis) => at(dilation, axis) * (at(kernel, axis) - 1) + 1) as [number, number];
  const padding = quadOf(options.padding ?? 0, image, reach, stride);
  for (const axis of [0, 1]) {
    const padded = at(image, axis) + at(padding, axis) + at(padding, axis + 2);
    if (at(reach, axis) <= padded) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A kernel that reaches over ${at(reach, axis)} does not fit into ${padded}, the padded size along ${names[axis]}`,
      hint: "Pass more padding, a smaller kernel or less dilation.",
    });
  }
  return { height, width, kernel, stride, dilation, padding };
}

/** The four sizes of an image batch or a kernel. Throws INVALID_ARGUMENT naming it. */
export function fourSizes(
  shape: Shape,
  name: string,
  meaning: string,
): readonly [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  if (shape.length === 4 && b > 0 && c > 0 && d > 0) return [a, b, c, d];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${formatShape(shape)}, not ${meaning}${shape.length === 4 ? " of at least 1 each" : ""}`,
    hint: "Matrix.from(data, shape) gives it the shape.",
  });
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}

function pairOf(value: PerAxis, name: string): Pair {
  const pair: readonly number[] = typeof value === "number" ? [value, value] : value;
  assertCounts(pair, name, 1);
  const [y = 1, x = 1] = pair;
  if (pair.length === 2) return [y, x];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} has ${pair.length} numbers`,
    hint: `Pass one number, or [y, x].`,
  });
}

function quadOf(padding: Padding, image: Pair, reach: Pair, stride: Pair): Quad {
  if (padding === "same") {
    const [y, x] = [0, 1].map((axis) => {
      const [size, step] = [at(image, axis), at(stride, axis)];
      return Math.max(0, (Math.ceil(size / step) - 1) * step + at(reach, axis) - size);
    }) as [number, number];
    return [Math.floor(y / 2), Math.floor(x / 2), Math.ceil(y / 2), Math.ceil(x / 2)];
  }
  const sides: readonly number[] = typeof padding === "number" ? [padding, padding] : padding;
  assertCounts(sides, "padding", 0);
  const [top = 0, left = 0, bottom = top, right = left] = sides;
  if (sides.length === 2 || sides.length === 4) return [top, left, bottom, right];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `padding has ${sides.length} numbers`,
    hint: `Pass one number, [y, x], [top, left, bottom, right] or "same".`,
  });
}

/** Kernels hold sizes in 32 bits. */
const mostOfAnything = 2 ** 31 - 1;

function assertCounts(values: readonly number[], name: string, least: number): void {
  if (!Array.isArray(values)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} is ${String(values)}, not a number or several`,
    });
  }
  for (const value of values) {
    if (Number.isSafeInteger(value) && value >= least && value <= mostOfAnything) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} is [${values.join(", ")}]`,
      hint: `Pass whole numbers of at least ${least}.`,
    });
  }
}

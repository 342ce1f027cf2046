import { elementCount, type Shape } from "./shape.ts";

/** Elements from one index to the next, per dimension; 0 repeats, negative runs backwards. */
export type Strides = readonly number[];

/** The strides of dense row-major data. */
export function denseStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/** The first and last element that strides reach from an offset; `undefined` for an empty shape. */
export function reach(shape: Shape, strides: Strides, offset: number): readonly [number, number] | undefined {
  if (elementCount(shape) === 0) return undefined;
  let [first, last] = [offset, offset];
  for (const [axis, size] of shape.entries()) {
    const span = (size - 1) * (strides[axis] ?? 0);
    if (span < 0) first += span;
    else last += span;
  }
  return [first, last];
}

export interface Collapsed {
  /** At least one dimension. */
  readonly shape: Shape;
  readonly strides: readonly Strides[];
}

/** Fewer dimensions over the same elements in the same order: those of size 1 go, neighbours that all operands step through alike become one. */
export function collapse(shape: Shape, operands: readonly Strides[]): Collapsed {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const last = sizes.length - 1;
    const joins =
      last >= 0 && operands.every((operand, at) => strides[at]?.[last] === (operand[axis] ?? 0) * size);
    if (joins) sizes[last] = (sizes[last] ?? 1) * size;
    else sizes.push(size);
    for (const [at, operand] of operands.entries()) {
      const own = strides[at] ?? [];
      if (joins) own.pop();
      own.push(operand[axis] ?? 0);
    }
  }
  if (sizes.length > 0) return { shape: sizes, strides };
  return { shape: [1], strides: operands.map(() => [0]) };
}

/** Below this many elements, what a cache line brings too much does not matter. */
const leastTiled = 8;

/** An axis along which an input is contiguous that the innermost axis strides through, where both are long. */
export function axisAcross({ shape, strides }: Collapsed): number | undefined {
  const inner = shape.length - 1;
  if ((shape[inner] ?? 1) < leastTiled) return undefined;
  for (const operand of strides) {
    if (Math.abs(operand[inner] ?? 0) < leastTiled) continue;
    const along = operand.findIndex(
      (stride, axis) => Math.abs(stride) === 1 && (shape[axis] ?? 1) >= leastTiled,
    );
    if (along >= 0) return along;
  }
  return undefined;
}

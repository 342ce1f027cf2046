import type { Shape } from "../../core/shape.ts";
import { collapse, type Strides } from "../../core/strides.ts";
import type { TaskArray } from "../../runtime/javascript/index.ts";

export interface ArrangeSizes {
  readonly shape: Shape;
  /** How each operand steps through the dimensions of the shape. */
  readonly strides: readonly Strides[];
}

/** Calls `row` with where each run of the last dimension starts in the result and in the operands. */
function forEachRow(
  { shape, strides }: ArrangeSizes,
  row: (to: number, from: readonly number[], length: number, steps: readonly number[]) => void,
): void {
  const flat = collapse(shape, strides);
  const outer = flat.shape.slice(0, -1);
  const length = flat.shape.at(-1) ?? 1;
  const steps = flat.strides.map((own) => own.at(-1) ?? 0);
  const at = new Array<number>(outer.length).fill(0);
  const from = new Array<number>(strides.length).fill(0);
  const rows = outer.reduce((count, size) => count * size, 1);
  for (let index = 0; index < rows; index++) {
    row(index * length, from, length, steps);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const size = outer[axis] as number;
      const next = (at[axis] as number) + 1;
      const moved = next < size ? 1 : 1 - size;
      at[axis] = next < size ? next : 0;
      for (const [operand, own] of flat.strides.entries())
        from[operand] = (from[operand] as number) + moved * (own[axis] ?? 0);
      if (next < size) break;
    }
  }
}

/** arrays: numbers, and room for them in the order of the strides. */
export function arrange(arrays: readonly TaskArray[], sizes: ArrangeSizes): void {
  const [source, result] = arrays as [Float32Array, Float32Array];
  forEachRow(sizes, (to, [from = 0], length, [step = 0]) => {
    for (let i = 0; i < length; i++) result[to + i] = source[from + i * step] as number;
  });
}

/** arrays: two operands, and room for the products of their elements. */
export function products(arrays: readonly TaskArray[], sizes: ArrangeSizes): void {
  const [left, right, result] = arrays as [Float32Array, Float32Array, Float32Array];
  forEachRow(sizes, (to, [a = 0, b = 0], length, [stepA = 0, stepB = 0]) => {
    for (let i = 0; i < length; i++)
      result[to + i] = (left[a + i * stepA] as number) * (right[b + i * stepB] as number);
  });
}

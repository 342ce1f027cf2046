/** Sizes per dimension, outermost first. Data is row-major. */
export type Shape = readonly number[];

export function isShape(shape: Shape): boolean {
  return shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The product of all sizes; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((count, size) => count * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}

/** `formatShape([2, 3])` is "2x3". */
export function formatShape(shape: Shape): string {
  return shape.length === 0 ? "scalar" : shape.join("x");
}

/** arrays: numbers, and one number for the result. */
export function sum([source, result]: readonly Float32Array[]): void {
  let total = 0;
  for (const value of source ?? []) total += value;
  result?.fill(total);
}

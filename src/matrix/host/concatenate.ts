import type { NumberData, WideData } from "./line.ts";

/** arrays: inputs, and the result; each has so many blocks of `lengths` numbers. */
export function concatenateBlocks(
  arrays: readonly (NumberData | WideData)[],
  {
    lengths,
    first,
    last,
  }: { readonly lengths: readonly number[]; readonly first: number; readonly last: number },
): void {
  const result = arrays.at(-1) as Float32Array;
  const stride = lengths.reduce((sum, length) => sum + length, 0);
  let offset = 0;
  lengths.forEach((length, at) => {
    const source = arrays[at] as Float32Array;
    for (let block = first; block < last; block++) {
      result.set(source.subarray(block * length, (block + 1) * length), block * stride + offset);
    }
    offset += length;
  });
}

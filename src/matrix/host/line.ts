/** Numbers along an axis, and a range of lines. */
export interface LineParameters {
  readonly n: number;
  readonly inner: number;
  readonly first: number;
  readonly last: number;
}

export type NumberData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

export type WideData = BigInt64Array | BigUint64Array;

export function isWide(data: NumberData | WideData): data is WideData {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** Where a line starts; its numbers are `inner` apart. */
export function startOf(line: number, n: number, inner: number): number {
  return Math.floor(line / inner) * n * inner + (line % inner);
}

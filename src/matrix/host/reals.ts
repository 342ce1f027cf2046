/** What linear algebra computes on: f32 or f64, in double precision in between. */
export type Reals = Float32Array | Float64Array;

/** One item of a batch in double precision. */
export function itemAsDouble(source: Reals, item: number, length: number): Float64Array {
  return Float64Array.from(source.subarray(item * length, (item + 1) * length));
}

/** The transpose of a rows x columns matrix. */
export function transposeOf(source: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  const tile = 32;
  for (let i0 = 0; i0 < rows; i0 += tile)
    for (let j0 = 0; j0 < columns; j0 += tile) {
      const [iEnd, jEnd] = [Math.min(i0 + tile, rows), Math.min(j0 + tile, columns)];
      for (let i = i0; i < iEnd; i++)
        for (let j = j0; j < jEnd; j++) out[j * rows + i] = source[i * columns + j] as number;
    }
  return out;
}

export function isAllFinite(source: Float64Array): boolean {
  for (let at = 0; at < source.length; at++) if (!Number.isFinite(source[at] as number)) return false;
  return true;
}

/** Divides by the power of two next to the largest number, so that squares neither overflow nor vanish. Gives the factor back. */
export function scaleDown(source: Float64Array): number {
  let most = 0;
  for (let at = 0; at < source.length; at++) most = Math.max(most, Math.abs(source[at] as number));
  if (most === 0) return 1;
  const scale = 2 ** Math.floor(Math.log2(most));
  const factor = 1 / scale;
  if (!Number.isFinite(factor)) return 1;
  for (let at = 0; at < source.length; at++) source[at] = (source[at] as number) * factor;
  return scale;
}

/** Of `length` numbers from `a` and `b` on. */
export function dot(x: Float64Array, a: number, y: Float64Array, b: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = length - (length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += (x[a + i] as number) * (y[b + i] as number);
    s1 += (x[a + i + 1] as number) * (y[b + i + 1] as number);
    s2 += (x[a + i + 2] as number) * (y[b + i + 2] as number);
    s3 += (x[a + i + 3] as number) * (y[b + i + 3] as number);
  }
  for (let i = whole; i < length; i++) s0 += (x[a + i] as number) * (y[b + i] as number);
  return s0 + s1 + (s2 + s3);
}

/** `y += factor * x`. */
export function addScaled(
  y: Float64Array,
  b: number,
  factor: number,
  x: Float64Array,
  a: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) y[b + i] = (y[b + i] as number) + factor * (x[a + i] as number);
}

/** Turns two rows of `length` numbers: (c x + s y, c y - s x). */
export function rotate(rows: Float64Array, x: number, y: number, c: number, s: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const left = rows[x + i] as number;
    const right = rows[y + i] as number;
    rows[x + i] = c * left + s * right;
    rows[y + i] = c * right - s * left;
  }
}

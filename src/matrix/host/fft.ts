import { linePlan } from "./fft-line.ts";

export interface HostTransform {
  readonly kind: "complex" | "real" | "inverseReal";
  readonly length: number;
  readonly inner: number;
  readonly inverse: boolean;
  readonly scale: number;
  /** Of outer * inner lines, those from `first` before `end`. */
  readonly first: number;
  readonly end: number;
}

/** arrays: source and result, [outer, length, inner] and pairs of f32 for complex numbers. Computes in f64. */
export function transformLines([source, result]: readonly Float32Array[], work: HostTransform): void {
  if (source === undefined || result === undefined) return;
  const { kind, length, inner, inverse, scale } = work;
  const plan = linePlan(length);
  const [re, im] = [new Float64Array(length), new Float64Array(length)];
  const half = Math.floor(length / 2) + 1;
  const given = kind === "inverseReal" ? half : length;
  const kept = kind === "real" ? half : length;
  for (let line = work.first; line < work.end; line++) {
    const [outer, i] = [Math.floor(line / inner), line % inner];
    for (let k = 0; k < given; k++) {
      const at = (outer * given + k) * inner + i;
      re[k] = source[kind === "real" ? at : 2 * at] ?? 0;
      im[k] = kind === "real" ? 0 : (source[2 * at + 1] ?? 0);
    }
    if (kind === "inverseReal") mirror(re, im, given);
    plan.transform(re, im, inverse ? 1 : -1);
    for (let k = 0; k < kept; k++) {
      const at = (outer * kept + k) * inner + i;
      if (kind === "inverseReal") {
        result[at] = (re[k] ?? 0) * scale;
      } else {
        result[2 * at] = (re[k] ?? 0) * scale;
        result[2 * at + 1] = (im[k] ?? 0) * scale;
      }
    }
  }
}

/** The rest of the spectrum of real numbers. */
function mirror(re: Float64Array, im: Float64Array, given: number): void {
  for (let k = given; k < re.length; k++) {
    re[k] = re[re.length - k] ?? 0;
    im[k] = -(im[re.length - k] ?? 0);
  }
}

/** arrays: source and result, [outer, length, inner]; the number at `start` comes first. */
export function rollLines(
  [source, result]: readonly Float32Array[],
  { length, inner, start }: { readonly length: number; readonly inner: number; readonly start: number },
): void {
  if (source === undefined || result === undefined) return;
  const size = length * inner;
  for (let from = 0; from < source.length; from += size) {
    result.set(source.subarray(from + start * inner, from + size), from);
    result.set(source.subarray(from, from + start * inner), from + (length - start) * inner);
  }
}

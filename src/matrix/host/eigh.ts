import { noConvergence, notFinite } from "../linear-errors.ts";
import { dot, isAllFinite, itemAsDouble, type Reals, rotate, scaleDown, transposeOf } from "./reals.ts";
import { basisOf, reflection } from "./reflections.ts";

const mostSteps = 60;

export interface EighSizes {
  readonly size: number;
  readonly batch: number;
}

/**
 * arrays: matrices, of which the lower triangle is read, room for the eigenvalues, and for the vectors where they are
 * wanted. Householder tridiagonalisation, then implicit QL: Golub and Van Loan, "Matrix Computations", 8.3.
 */
export function eigh(arrays: readonly Reals[], { size, batch }: EighSizes): void {
  const [source, values, vectors] = arrays as [Reals, Reals, Reals?];
  for (let item = 0; item < batch; item++) {
    const a = itemAsDouble(source, item, size * size);
    for (let i = 0; i < size; i++) a.fill(0, i * size + i + 1, (i + 1) * size);
    if (!isAllFinite(a)) throw notFinite("eigh", item, batch);
    const scale = scaleDown(a);
    const d = new Float64Array(size);
    const e = new Float64Array(size);
    const z = tridiagonalise(a, size, d, e, vectors !== undefined);
    if (!diagonalise(d, e, z, size)) throw noConvergence("eigh", batch);
    const order = Uint32Array.from(d.keys()).sort((i, j) => (d[i] as number) - (d[j] as number));
    order.forEach((from, to) => {
      values[item * size + to] = (d[from] as number) * scale;
    });
    if (vectors === undefined || z === undefined) continue;
    const sorted = new Float64Array(size * size);
    order.forEach((from, to) => {
      sorted.set(z.subarray(from * size, (from + 1) * size), to * size);
    });
    vectors.set(transposeOf(sorted, size, size), item * size * size);
  }
}

/** Diagonal and subdiagonal (`e[i]` between i and i + 1), and the basis, a vector a row. Destroys the lower triangle `a`. */
function tridiagonalise(
  a: Float64Array,
  n: number,
  d: Float64Array,
  e: Float64Array,
  wanted: boolean,
): Float64Array | undefined {
  const count = Math.max(0, n - 2);
  const v = new Float64Array(count * n);
  const taus = new Float64Array(count);
  const w = new Float64Array(n);
  for (let k = 0; k < count; k++) {
    const at = k * n;
    for (let i = k + 1; i < n; i++) v[at + i] = a[i * n + k] as number;
    const { beta, tau } = reflection(v, at + k + 1, n - k - 1);
    taus[k] = tau;
    e[k] = beta;
    if (tau === 0) continue;
    w.fill(0);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const value = v[at + i] as number;
      let sum = (a[row + i] as number) * value;
      for (let j = k + 1; j < i; j++) {
        const entry = a[row + j] as number;
        sum += entry * (v[at + j] as number);
        w[j] = (w[j] as number) + entry * value;
      }
      w[i] = (w[i] as number) + sum;
    }
    const half = (tau * tau * dot(w, k + 1, v, at + k + 1, n - k - 1)) / 2;
    for (let i = k + 1; i < n; i++) w[i] = tau * (w[i] as number) - half * (v[at + i] as number);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = v[at + i] as number;
      const wi = w[i] as number;
      for (let j = k + 1; j <= i; j++)
        a[row + j] = (a[row + j] as number) - (vi * (w[j] as number) + wi * (v[at + j] as number));
    }
  }
  for (let i = 0; i < n; i++) d[i] = a[i * n + i] as number;
  if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2] as number;
  return wanted ? basisOf({ v, taus, length: n, offset: 1 }, n) : undefined;
}

/** Implicit QL with Wilkinson's shift; the rows of `z` turn along. False where it does not converge. */
function diagonalise(d: Float64Array, e: Float64Array, z: Float64Array | undefined, n: number): boolean {
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i] as number), Math.abs(e[i] as number));
  const least = Number.EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(d[m] as number) + Math.abs(d[m + 1] as number);
        if (Math.abs(e[m] as number) <= Math.max(Number.EPSILON * size, least)) break;
      }
      if (m === l) break;
      if (step === mostSteps) return false;
      qlStep(d, e, z, n, l, m);
    }
  }
  return true;
}

/** One implicit QL step on rows l to m. */
function qlStep(
  d: Float64Array,
  e: Float64Array,
  z: Float64Array | undefined,
  n: number,
  l: number,
  m: number,
): void {
  const delta = ((d[l + 1] as number) - (d[l] as number)) / (2 * (e[l] as number));
  const radius = Math.hypot(delta, 1);
  const shift = (d[l] as number) - (e[l] as number) / (delta + (delta < 0 ? -radius : radius));
  let g = (d[m] as number) - shift;
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * (e[i] as number);
    const b = c * (e[i] as number);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] as number) - p;
    const t = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (z !== undefined) rotate(z, (i + 1) * n, i * n, c, s, n);
  }
  d[l] = (d[l] as number) - p;
  e[l] = g;
  e[m] = 0;
}

/** Transforms of one length, of numbers in f64. */
export interface LinePlan {
  /** In place; `sign` is -1 for the transform and 1 for its inverse, neither scaled. */
  transform(re: Float64Array, im: Float64Array, sign: 1 | -1): void;
}

const plans = new Map<number, LinePlan>();
const mostPlans = 8;

export function linePlan(length: number): LinePlan {
  let plan = plans.get(length);
  if (plan === undefined) {
    const radices = radicesOf(length);
    plan = radices === undefined ? chirpPlan(length) : stockhamPlan(length, radices);
    for (const oldest of plans.keys()) {
      if (plans.size < mostPlans) break;
      plans.delete(oldest);
    }
    plans.set(length, plan);
  }
  return plan;
}

function radicesOf(length: number): readonly number[] | undefined {
  const radices: number[] = [];
  let rest = length;
  for (const radix of [4, 2, 3, 5]) {
    for (; rest % radix === 0; rest /= radix) radices.push(radix);
  }
  return rest === 1 ? radices : undefined;
}

/** Stockham's order: every stage goes from one pair of arrays to the other and sorts on the way. */
function stockhamPlan(length: number, radices: readonly number[]): LinePlan {
  const cosines = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sines = Float64Array.from({ length }, (_, k) => Math.sin((2 * Math.PI * k) / length));
  const spare = [new Float64Array(length), new Float64Array(length)] as const;
  return {
    transform(re, im, sign) {
      let from: readonly [Float64Array, Float64Array] = [re, im];
      let to: readonly [Float64Array, Float64Array] = spare;
      let before = 1;
      for (const radix of radices) {
        const work = { from, to, cosines, sines, sign, before, length };
        if (radix === 4) fours(work);
        else some(radix, work);
        before *= radix;
        [from, to] = [to, from];
      }
      if (from[0] === re) return;
      re.set(from[0]);
      im.set(from[1]);
    },
  };
}

interface Stage {
  readonly from: readonly [Float64Array, Float64Array];
  readonly to: readonly [Float64Array, Float64Array];
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly sign: 1 | -1;
  readonly before: number;
  readonly length: number;
}

function fours({ from, to, cosines, sines, sign, before, length }: Stage): void {
  const [fromRe, fromIm] = from as readonly [number[] & Float64Array, number[] & Float64Array];
  const [toRe, toIm] = to;
  const cos = cosines as number[] & Float64Array;
  const sin = sines as number[] & Float64Array;
  const quarter = length / 4;
  const turn = length / (before * 4);
  for (let j = 0; j < quarter; j++) {
    const k = j % before;
    const w1 = k * turn;
    const w2 = 2 * k * turn;
    const w3 = 3 * k * turn;
    const c1 = cos[w1] as number;
    const s1 = sign * (sin[w1] as number);
    const c2 = cos[w2] as number;
    const s2 = sign * (sin[w2] as number);
    const c3 = cos[w3] as number;
    const s3 = sign * (sin[w3] as number);
    const xb = fromRe[j + quarter] as number;
    const yb = fromIm[j + quarter] as number;
    const xc = fromRe[j + 2 * quarter] as number;
    const yc = fromIm[j + 2 * quarter] as number;
    const xd = fromRe[j + 3 * quarter] as number;
    const yd = fromIm[j + 3 * quarter] as number;
    const ar = fromRe[j] as number;
    const ai = fromIm[j] as number;
    const br = xb * c1 - yb * s1;
    const bi = xb * s1 + yb * c1;
    const cr = xc * c2 - yc * s2;
    const ci = xc * s2 + yc * c2;
    const dr = xd * c3 - yd * s3;
    const di = xd * s3 + yd * c3;
    const sumR = ar + cr;
    const sumI = ai + ci;
    const oddR = br + dr;
    const oddI = bi + di;
    const gapR = ar - cr;
    const gapI = ai - ci;
    const acrossR = -sign * (bi - di);
    const acrossI = sign * (br - dr);
    const at = (j - k) * 4 + k;
    toRe[at] = sumR + oddR;
    toIm[at] = sumI + oddI;
    toRe[at + before] = gapR + acrossR;
    toIm[at + before] = gapI + acrossI;
    toRe[at + 2 * before] = sumR - oddR;
    toIm[at + 2 * before] = sumI - oddI;
    toRe[at + 3 * before] = gapR - acrossR;
    toIm[at + 3 * before] = gapI - acrossI;
  }
}

function some(radix: number, { from, to, cosines, sines, sign, before, length }: Stage): void {
  const [fromRe, fromIm] = from;
  const [toRe, toIm] = to;
  const part = length / radix;
  const turn = length / (before * radix);
  for (let j = 0; j < part; j++) {
    const k = j % before;
    const at = (j - k) * radix + k;
    for (let out = 0; out < radix; out++) {
      let [re, im] = [0, 0];
      for (let r = 0; r < radix; r++) {
        const w = (r * (k * turn + out * part)) % length;
        const c = cosines[w] ?? 0;
        const s = sign * (sines[w] ?? 0);
        const x = fromRe[j + r * part] ?? 0;
        const y = fromIm[j + r * part] ?? 0;
        re += x * c - y * s;
        im += x * s + y * c;
      }
      toRe[at + out * before] = re;
      toIm[at + out * before] = im;
    }
  }
}

/** Any length as a convolution with a chirp. Bluestein, 1970. */
function chirpPlan(length: number): LinePlan {
  const padded = 2 ** Math.ceil(Math.log2(2 * length - 1));
  const inner = linePlan(padded);
  const cosines = new Float64Array(length);
  const sines = new Float64Array(length);
  for (let j = 0, square = 0; j < length; j++) {
    cosines[j] = Math.cos((Math.PI * square) / length);
    sines[j] = Math.sin((Math.PI * square) / length);
    square = (square + 2 * j + 1) % (2 * length);
  }
  const spectrum = [new Float64Array(padded), new Float64Array(padded)] as const;
  for (let j = 0; j < length; j++) {
    for (const at of [j, (padded - j) % padded]) {
      spectrum[0][at] = cosines[j] ?? 0;
      spectrum[1][at] = sines[j] ?? 0;
    }
  }
  inner.transform(spectrum[0], spectrum[1], -1);
  const re = new Float64Array(padded);
  const im = new Float64Array(padded);
  return {
    transform(lineRe, lineIm, sign) {
      re.fill(0, length);
      im.fill(0, length);
      for (let j = 0; j < length; j++) {
        const x = lineRe[j] ?? 0;
        const y = -sign * (lineIm[j] ?? 0);
        const c = cosines[j] ?? 0;
        const s = -(sines[j] ?? 0);
        re[j] = x * c - y * s;
        im[j] = x * s + y * c;
      }
      inner.transform(re, im, -1);
      for (let k = 0; k < padded; k++) {
        const x = re[k] ?? 0;
        const y = im[k] ?? 0;
        const c = spectrum[0][k] ?? 0;
        const s = spectrum[1][k] ?? 0;
        re[k] = x * c - y * s;
        im[k] = x * s + y * c;
      }
      inner.transform(re, im, 1);
      for (let k = 0; k < length; k++) {
        const x = re[k] ?? 0;
        const y = im[k] ?? 0;
        const c = cosines[k] ?? 0;
        const s = -(sines[k] ?? 0);
        lineRe[k] = (x * c - y * s) / padded;
        lineIm[k] = (-sign * (x * s + y * c)) / padded;
      }
    },
  };
}

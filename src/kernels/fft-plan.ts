/** One pass over memory: transforms of `points`, in workgroup memory, by stages of these radices. */
export interface FftPass {
  readonly points: number;
  readonly radices: readonly number[];
}

/** The passes of a length without prime factors past 5, as even as can be; `undefined` for other lengths. */
export function fftPasses(length: number, mostPoints: number): readonly FftPass[] | undefined {
  const factors = smoothFactors(length);
  if (factors === undefined) return undefined;
  for (let count = Math.max(1, Math.ceil(Math.log(length) / Math.log(mostPoints) - 1e-9)); ; count++) {
    const bins: number[][] = Array.from({ length: count }, () => []);
    for (const factor of factors) {
      const smallest = bins.reduce((least, bin) => (product(bin) < product(least) ? bin : least));
      smallest.push(factor);
    }
    if (bins.every((bin) => product(bin) <= mostPoints)) {
      return bins.map((bin) => ({ points: product(bin), radices: radicesOf(bin) })).reverse();
    }
  }
}

/** The length of a convolution that computes a transform of any length: the least power of two from `2 * length - 1`. */
export function paddedLength(length: number): number {
  return 2 ** Math.ceil(Math.log2(2 * length - 1));
}

/** Where input `n` goes before the first stage. */
export function digitReversed({ points, radices }: FftPass): Uint32Array {
  return Uint32Array.from({ length: points }, (_, n) => {
    let [rest, size, place] = [n, points, 0];
    for (const radix of [...radices].reverse()) {
      size /= radix;
      place += (rest % radix) * size;
      rest = Math.floor(rest / radix);
    }
    return place;
  });
}

/** Prime factors, the largest first. */
function smoothFactors(length: number): readonly number[] | undefined {
  const factors: number[] = [];
  let rest = length;
  for (const prime of [5, 3, 2]) {
    for (; rest % prime === 0 && rest > 0; rest /= prime) factors.push(prime);
  }
  return rest === 1 ? factors : undefined;
}

/** Pairs of twos make fours. */
function radicesOf(factors: readonly number[]): number[] {
  const twos = factors.filter((factor) => factor === 2).length;
  const fours = Array.from({ length: Math.floor(twos / 2) }, () => 4);
  return [...fours, ...(twos % 2 === 1 ? [2] : []), ...factors.filter((factor) => factor !== 2)];
}

function product(factors: readonly number[]): number {
  return factors.reduce((total, factor) => total * factor, 1);
}

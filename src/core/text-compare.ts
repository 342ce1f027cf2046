/** Negative, 0 or positive as the first bytes come before, equal or come after the second ones. */
export function compareBytes(
  a: Uint8Array,
  startA: number,
  endA: number,
  b: Uint8Array,
  startB: number,
  endB: number,
): number {
  const length = Math.min(endA - startA, endB - startB);
  for (let at = 0; at < length; at++) {
    const difference = (a[startA + at] ?? 0) - (b[startB + at] ?? 0);
    if (difference !== 0) return difference;
  }
  return endA - startA - (endB - startB);
}

const smallest = 256;
const stepsPerDoubling = 8;

/**
 * Rounds a byte length up to its size class: eight classes per doubling, so at most an eighth is wasted and sizes
 * that vary a little share buffers. Exact-size caches grow without bound when shapes vary.
 */
export function sizeClass(byteLength: number): number {
  if (byteLength <= smallest) return smallest;
  const doubling = 2 ** Math.floor(Math.log2(byteLength));
  const step = Math.max(smallest, doubling / stepsPerDoubling);
  return Math.ceil(byteLength / step) * step;
}

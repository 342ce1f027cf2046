/** Positions of all agents. */
export interface Positions {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

const side = 512;
const gap = 8;

export const width = 2 * side + gap;
export const height = side;

/** Two windows into space, before and after: the brighter a pixel, the more agents are there. */
export function picture(before: Positions, after: Positions, window: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (const [at, { x, y }] of [before, after].entries()) {
    const left = at * (side + gap);
    for (let agent = 0; agent < x.length; agent++) {
      const column = Math.floor(((x[agent] ?? 0) / window) * side);
      const row = Math.floor(((y[agent] ?? 0) / window) * side);
      if (!(column >= 0 && column < side - 1 && row >= 0 && row < side - 1)) continue;
      for (const corner of [0, 1, width, width + 1]) {
        brighten(pixels, 3 * (row * width + left + column + corner));
      }
    }
  }
  for (let row = 0; row < height; row++) {
    pixels.fill(60, 3 * (row * width + side), 3 * (row * width + side + gap));
  }
  return pixels;
}

function brighten(pixels: Uint8Array, at: number): void {
  for (const [part, light] of [70, 140, 220].entries()) {
    pixels[at + part] = Math.min(255, (pixels[at + part] ?? 0) + light);
  }
}

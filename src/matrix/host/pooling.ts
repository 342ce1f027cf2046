export interface HostPooling {
  readonly kind: "max" | "average";
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly countIncludePad: boolean;
}

/** arrays: [planes, height, width] and [planes, outHeight, outWidth]. */
export function pool([source, result]: readonly Float32Array[], work: HostPooling): void {
  if (source === undefined || result === undefined) return;
  const { planes, outHeight, outWidth, kind } = work;
  const one = kind === "max" ? largest : average;
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) result[at++] = one(source, plane, y, x, work);
    }
  }
}

function largest(source: Float32Array, plane: number, y: number, x: number, work: HostPooling): number {
  const { height, width, kernel, stride, dilation, padding } = work;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < kernel[0]; i++) {
    const row = y * stride[0] - padding[0] + i * dilation[0];
    if (row < 0 || row >= height) continue;
    for (let j = 0; j < kernel[1]; j++) {
      const column = x * stride[1] - padding[1] + j * dilation[1];
      if (column < 0 || column >= width) continue;
      most = Math.max(most, source[(plane * height + row) * width + column] ?? 0);
    }
  }
  return most;
}

function average(source: Float32Array, plane: number, y: number, x: number, work: HostPooling): number {
  const { height, width, kernel, stride, dilation, padding, countIncludePad } = work;
  const [endY, endX] = [height + padding[2], width + padding[3]];
  let sum = 0;
  let count = 0;
  for (let i = 0; i < kernel[0]; i++) {
    const row = y * stride[0] - padding[0] + i * dilation[0];
    for (let j = 0; j < kernel[1]; j++) {
      const column = x * stride[1] - padding[1] + j * dilation[1];
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      if (isInside) sum += source[(plane * height + row) * width + column] ?? 0;
      if (isInside || (countIncludePad && row < endY && column < endX)) count++;
    }
  }
  return sum / count;
}

import type { ConvolutionShape } from "#src/kernels/index.js";

/** The textbook sum in double precision, and the sum of the terms' sizes. */
export function convolved(
  shape: ConvolutionShape,
  source: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
): { values: Float64Array; sizes: Float64Array } {
  const { batch, groups, inputs, outputs, height, width, kernel, stride, dilation, padding } = shape;
  const [tall, wide] = kernel;
  const outHeight =
    Math.floor((height + padding[0] + padding[2] - dilation[0] * (tall - 1) - 1) / stride[0]) + 1;
  const outWidth =
    Math.floor((width + padding[1] + padding[3] - dilation[1] * (wide - 1) - 1) / stride[1]) + 1;
  const values = new Float64Array(batch * outputs * outHeight * outWidth);
  const sizes = new Float64Array(values.length);
  const perGroup = inputs / groups;
  for (let at = 0; at < values.length; at++) {
    const x = at % outWidth;
    const y = Math.floor(at / outWidth) % outHeight;
    const channel = Math.floor(at / (outWidth * outHeight)) % outputs;
    const item = Math.floor(at / (outWidth * outHeight * outputs));
    const group = Math.floor(channel / (outputs / groups));
    let sum = bias?.[channel] ?? 0;
    let size = Math.abs(sum);
    for (let input = 0; input < perGroup; input++) {
      for (let tapY = 0; tapY < tall; tapY++) {
        for (let tapX = 0; tapX < wide; tapX++) {
          const row = y * stride[0] + tapY * dilation[0] - padding[0];
          const column = x * stride[1] + tapX * dilation[1] - padding[1];
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          const plane = item * inputs + group * perGroup + input;
          const term =
            (source[(plane * height + row) * width + column] ?? 0) *
            (weights[((channel * perGroup + input) * tall + tapY) * wide + tapX] ?? 0);
          sum += term;
          size += Math.abs(term);
        }
      }
    }
    values[at] = sum;
    sizes[at] = size;
  }
  return { values, sizes };
}

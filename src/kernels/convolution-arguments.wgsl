// What all shapes of the convolution take. Images are [batch, channels, height, width], kernels [out, in, height, width];
// `inputs` and `outputs` are channels of one group.
struct Parameters {
  batch: u32, groups: u32, inputs: u32, outputs: u32,
  height: u32, width: u32, padded_height: u32, padded_width: u32,
  top: u32, left: u32, kernel_height: u32, kernel_width: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  out_height: u32, out_width: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

fn steps() -> u32 {
  return p.inputs * p.kernel_height * p.kernel_width;
}

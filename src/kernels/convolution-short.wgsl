// For GPUs: an implicit matrix product of kernels by patches. A workgroup of 16 x 16 threads makes 64 channels by 64
// pixels, each thread 4 x 4 of it; patches are gathered into workgroup memory and never exist as a whole.
const side = 64u;
const depth = 16u;
var<workgroup> tile_weights: array<array<vec4<f32>, 16>, depth>;
var<workgroup> tile_patches: array<array<vec4<f32>, 16>, depth>;

fn number_at(plane: u32, step: u32, y: i32, x: i32) -> f32 {
  let area = p.kernel_height * p.kernel_width;
  let within = step % area;
  let row = y + i32((within / p.kernel_width) * p.dilation_y);
  let column = x + i32((within % p.kernel_width) * p.dilation_x);
  if (row < 0 || row >= i32(p.height) || column < 0 || column >= i32(p.width)) {
    return 0.0;
  }
  return source[((plane + step / area) * p.height + u32(row)) * p.width + u32(column)];
}

@compute @workgroup_size(16, 16)
fn convolve(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let pixels = p.out_height * p.out_width;
  let tiles_down = (p.outputs + side - 1u) / side;
  let tiles_across = (pixels + side - 1u) / side;
  let tile = id.x + id.y * groups.x;
  let image = tile / (tiles_down * tiles_across);
  let group = image % p.groups;
  let within = tile % (tiles_down * tiles_across);
  let first_channel = (within / tiles_across) * side;
  let first_pixel = (within % tiles_across) * side;
  let count = steps();
  let loaded = first_pixel + local % side;
  let y = i32((loaded / p.out_width) * p.stride_y) - i32(p.top);
  let x = i32((loaded % p.out_width) * p.stride_x) - i32(p.left);
  let is_present = loaded < pixels && image < p.batch * p.groups;
  var r0 = vec4<f32>();
  var r1 = vec4<f32>();
  var r2 = vec4<f32>();
  var r3 = vec4<f32>();
  for (var start = 0u; start < count; start += depth) {
    for (var part = 0u; part < 4u; part++) {
      let step_a = start + local % 16u;
      let channel = local / 16u + part * 16u;
      var weight = 0.0;
      if (first_channel + channel < p.outputs && step_a < count) {
        weight = weights[(group * p.outputs + first_channel + channel) * count + step_a];
      }
      tile_weights[local % 16u][channel / 4u][channel % 4u] = weight;
      let step_b = local / side + part * 4u;
      var value = 0.0;
      if (is_present && start + step_b < count) {
        value = number_at(image * p.inputs, start + step_b, y, x);
      }
      tile_patches[step_b][(local % side) / 4u][local % 4u] = value;
    }
    workgroupBarrier();
    for (var step = 0u; step < depth; step++) {
      let rows = tile_weights[step][thread.y];
      let columns = tile_patches[step][thread.x];
      r0 += columns * rows.x;
      r1 += columns * rows.y;
      r2 += columns * rows.z;
      r3 += columns * rows.w;
    }
    workgroupBarrier();
  }
  if (image < p.batch * p.groups) {
    let channel = first_channel + thread.y * 4u;
    let pixel = first_pixel + thread.x * 4u;
    write_row(image, channel, pixel, r0);
    write_row(image, channel + 1u, pixel, r1);
    write_row(image, channel + 2u, pixel, r2);
    write_row(image, channel + 3u, pixel, r3);
  }
}

fn write_row(image: u32, channel: u32, pixel: u32, sums: vec4<f32>) {
  if (channel >= p.outputs) {
    return;
  }
  let pixels = p.out_height * p.out_width;
  let of_all = (image % p.groups) * p.outputs + channel;
  let place = (image * p.outputs + channel) * pixels + pixel;
  for (var part = 0u; part < min(4u, max(pixels, pixel) - pixel); part++) {
    result[place + part] = finish(sums[part], of_all, place + part);
  }
}

/// One number of the result a thread, for groups too small for tiles: depthwise above all.
@compute @workgroup_size(256)
fn convolve_each(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 256u;
  let pixels = p.out_height * p.out_width;
  let plane = at / pixels;
  if (plane >= p.batch * p.groups * p.outputs) {
    return;
  }
  let channel = plane % (p.groups * p.outputs);
  let image = plane / p.outputs;
  let pixel = at % pixels;
  let y = i32((pixel / p.out_width) * p.stride_y) - i32(p.top);
  let x = i32((pixel % p.out_width) * p.stride_x) - i32(p.left);
  let count = steps();
  var sum = 0.0;
  for (var step = 0u; step < count; step++) {
    sum += weights[channel * count + step] * number_at(image * p.inputs, step, y, x);
  }
  result[at] = finish(sum, channel, at);
}

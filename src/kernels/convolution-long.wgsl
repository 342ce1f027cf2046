// For CPU-type devices: one barrier-free thread a tile of 8 pixels by 32 (or 16) output channels, whose accumulators are
// sixteen-lane values (a mat4x4 is sixteen contiguous lanes) in named variables. Kernels are packed so that the channels
// of one step are contiguous; the input is read in place, each number for all channels of the tile at once.
// Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures", 2018.
override wide = true;
const lanes = 16u;
const tile_pixels = 8u;

fn panel_channels() -> u32 {
  return select(lanes, 2u * lanes, wide);
}

fn panels() -> u32 {
  return (p.outputs + panel_channels() - 1u) / panel_channels();
}

@group(0) @binding(6) var<storage, read_write> packed: array<f32>;

/// One panel of output channels, step by step; channels past the end are zero.
@compute @workgroup_size(1)
fn pack(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let panel = id.x + id.y * groups.x;
  if (panel >= p.groups * panels()) {
    return;
  }
  let first = (panel % panels()) * panel_channels();
  let channels = min(panel_channels(), p.outputs - first);
  let from_start = ((panel / panels()) * p.outputs + first) * steps();
  let start = panel * steps() * panel_channels();
  for (var step = 0u; step < steps(); step++) {
    let to = start + step * panel_channels();
    for (var channel = 0u; channel < channels; channel++) {
      packed[to + channel] = weights[from_start + channel * steps() + step];
    }
    for (var channel = channels; channel < panel_channels(); channel++) {
      packed[to + channel] = 0.0;
    }
  }
}

@group(0) @binding(7) var<storage, read_write> padded: array<f32>;

/// One plane of the input, with zeros around it.
@compute @workgroup_size(1)
fn pad(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let plane = id.x + id.y * groups.x;
  if (plane >= p.batch * p.groups * p.inputs) {
    return;
  }
  for (var y = 0u; y < p.padded_height; y++) {
    let to = (plane * p.padded_height + y) * p.padded_width;
    let inside = y >= p.top && y < p.top + p.height;
    let before = select(p.padded_width, p.left, inside);
    let until = select(p.padded_width, p.left + p.width, inside);
    for (var x = 0u; x < before; x++) {
      padded[to + x] = 0.0;
    }
    let start = (plane * p.height + y - p.top) * p.width;
    for (var x = before; x < until; x++) {
      padded[to + x] = source[start + x - p.left];
    }
    for (var x = until; x < p.padded_width; x++) {
      padded[to + x] = 0.0;
    }
  }
}

@group(0) @binding(8) var<storage, read_write> offsets: array<u32>;

/// How far from a pixel's first number each step reads.
@compute @workgroup_size(1)
fn offset_steps() {
  var step = 0u;
  for (var channel = 0u; channel < p.inputs; channel++) {
    for (var y = 0u; y < p.kernel_height; y++) {
      for (var x = 0u; x < p.kernel_width; x++) {
        offsets[step] = (channel * p.padded_height + y * p.dilation_y) * p.padded_width + x * p.dilation_x;
        step++;
      }
    }
  }
}

@group(0) @binding(9) var<storage, read> panel_weights: array<mat4x4<f32>>;
@group(0) @binding(10) var<storage, read> step_offsets: array<u32>;

fn place_of(pixel: u32) -> u32 {
  let at = min(pixel, p.out_height * p.out_width - 1u);
  return (at / p.out_width) * p.stride_y * p.padded_width + (at % p.out_width) * p.stride_x;
}

/// The sums of a tile on their way out: a value in registers has no index.
var<workgroup> tile: array<mat4x4<f32>, 16>;

@compute @workgroup_size(1)
fn convolve(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixels = p.out_height * p.out_width;
  let tiles = (pixels + tile_pixels - 1u) / tile_pixels;
  let number = id.x + id.y * groups.x;
  let panel = number / (tiles * p.batch);
  if (panel >= p.groups * panels()) {
    return;
  }
  let item = (number / tiles) % p.batch;
  let first = (number % tiles) * tile_pixels;
  let group = panel / panels();
  let start = (item * p.groups + group) * p.inputs * p.padded_height * p.padded_width;
  let a0 = start + place_of(first); let a1 = start + place_of(first + 1u);
  let a2 = start + place_of(first + 2u); let a3 = start + place_of(first + 3u);
  let a4 = start + place_of(first + 4u); let a5 = start + place_of(first + 5u);
  let a6 = start + place_of(first + 6u); let a7 = start + place_of(first + 7u);
  var r00 = mat4x4<f32>(); var r01 = mat4x4<f32>();
  var r10 = mat4x4<f32>(); var r11 = mat4x4<f32>();
  var r20 = mat4x4<f32>(); var r21 = mat4x4<f32>();
  var r30 = mat4x4<f32>(); var r31 = mat4x4<f32>();
  var r40 = mat4x4<f32>(); var r41 = mat4x4<f32>();
  var r50 = mat4x4<f32>(); var r51 = mat4x4<f32>();
  var r60 = mat4x4<f32>(); var r61 = mat4x4<f32>();
  var r70 = mat4x4<f32>(); var r71 = mat4x4<f32>();
  let count = steps();
  if (wide) {
    var at = panel * count * 2u;
    for (var step = 0u; step < count; step++) {
      let offset = step_offsets[step];
      let w0 = panel_weights[at];
      let w1 = panel_weights[at + 1u];
      let x0 = source[a0 + offset]; let x1 = source[a1 + offset];
      let x2 = source[a2 + offset]; let x3 = source[a3 + offset];
      let x4 = source[a4 + offset]; let x5 = source[a5 + offset];
      let x6 = source[a6 + offset]; let x7 = source[a7 + offset];
      r00 = r00 + w0 * x0; r01 = r01 + w1 * x0;
      r10 = r10 + w0 * x1; r11 = r11 + w1 * x1;
      r20 = r20 + w0 * x2; r21 = r21 + w1 * x2;
      r30 = r30 + w0 * x3; r31 = r31 + w1 * x3;
      r40 = r40 + w0 * x4; r41 = r41 + w1 * x4;
      r50 = r50 + w0 * x5; r51 = r51 + w1 * x5;
      r60 = r60 + w0 * x6; r61 = r61 + w1 * x6;
      r70 = r70 + w0 * x7; r71 = r71 + w1 * x7;
      at += 2u;
    }
  } else {
    let at = panel * count;
    for (var step = 0u; step < count; step++) {
      let offset = step_offsets[step];
      let w0 = panel_weights[at + step];
      r00 = r00 + w0 * source[a0 + offset]; r10 = r10 + w0 * source[a1 + offset];
      r20 = r20 + w0 * source[a2 + offset]; r30 = r30 + w0 * source[a3 + offset];
      r40 = r40 + w0 * source[a4 + offset]; r50 = r50 + w0 * source[a5 + offset];
      r60 = r60 + w0 * source[a6 + offset]; r70 = r70 + w0 * source[a7 + offset];
    }
  }
  let channel = group * p.outputs + (panel % panels()) * panel_channels();
  tile[0] = r00; tile[1] = r10; tile[2] = r20; tile[3] = r30;
  tile[4] = r40; tile[5] = r50; tile[6] = r60; tile[7] = r70;
  if (wide) {
    tile[8] = r01; tile[9] = r11; tile[10] = r21; tile[11] = r31;
    tile[12] = r41; tile[13] = r51; tile[14] = r61; tile[15] = r71;
  }
  let channels = min(panel_channels(), (group + 1u) * p.outputs - channel);
  let present = min(tile_pixels, pixels - first);
  for (var lane = 0u; lane < channels; lane++) {
    let to = (item * p.groups * p.outputs + channel + lane) * pixels + first;
    let from_start = (lane / lanes) * tile_pixels;
    for (var i = 0u; i < present; i++) {
      let sum = tile[from_start + i][lane / 4u % 4u][lane % 4u];
      result[to + i] = finish(sum, channel + lane, to + i);
    }
  }
}

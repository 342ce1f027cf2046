// Pooling of [planes, height, width]. `Value` is what is combined: f32 sums for averages; for maxima u32 keys in numeric
// order, NaN above all. A processor takes a row a thread, tap after tap along the row, a GPU a number a thread.
struct Parameters {
  planes: u32, height: u32, width: u32, top: u32, left: u32, bottom: u32, right: u32,
  kernel_height: u32, kernel_width: u32, stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  out_height: u32, out_width: u32, include_padding: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<Stored>;
@group(0) @binding(2) var<storage, read_write> result: array<Stored>;

/// How many taps of a window that starts `start` numbers into the padded line are within `first` and `end` of it.
fn taps_within(start: u32, taps: u32, dilation: u32, first: u32, end: u32) -> u32 {
  let before = min(taps, (max(first, start) - start + dilation - 1u) / dilation);
  let until = min(taps, (max(end, start) - start + dilation - 1u) / dilation);
  return until - min(before, until);
}

/// What the sum of the window at `y`, `x` of the result is divided by.
fn divisor(y: u32, x: u32) -> f32 {
  let start_y = y * p.stride_y;
  let start_x = x * p.stride_x;
  if (p.include_padding == 1u) {
    return f32(
      taps_within(start_y, p.kernel_height, p.dilation_y, 0u, p.top + p.height + p.bottom)
        * taps_within(start_x, p.kernel_width, p.dilation_x, 0u, p.left + p.width + p.right));
  }
  return f32(
    taps_within(start_y, p.kernel_height, p.dilation_y, p.top, p.top + p.height)
      * taps_within(start_x, p.kernel_width, p.dilation_x, p.left, p.left + p.width));
}

fn first_column(tap: u32) -> u32 {
  let offset = tap * p.dilation_x;
  return select((p.left - offset + p.stride_x - 1u) / p.stride_x, 0u, offset >= p.left);
}

fn end_column(tap: u32) -> u32 {
  let offset = tap * p.dilation_x;
  let reach = p.width + p.left;
  return select(0u, min(p.out_width, (reach - offset + p.stride_x - 1u) / p.stride_x), offset < reach);
}

@compute @workgroup_size(1)
fn pool_rows(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = id.x + id.y * groups.x;
  let plane = row / p.out_height;
  if (plane >= p.planes) {
    return;
  }
  let to = row * p.out_width;
  for (var x = 0u; x < p.out_width; x++) {
    result[to + x] = stored(identity());
  }
  for (var tap_y = 0u; tap_y < p.kernel_height; tap_y++) {
    let y = (row % p.out_height) * p.stride_y + tap_y * p.dilation_y;
    if (y < p.top || y >= p.top + p.height) {
      continue;
    }
    let line = (plane * p.height + y - p.top) * p.width;
    for (var tap_x = 0u; tap_x < p.kernel_width; tap_x++) {
      let start = line + tap_x * p.dilation_x - p.left;
      let end = end_column(tap_x);
      for (var x = first_column(tap_x); x < end; x++) {
        result[to + x] = stored(combine(kept(result[to + x]), load(source[start + x * p.stride_x])));
      }
    }
  }
  for (var x = 0u; x < p.out_width; x++) {
    result[to + x] = finish(kept(result[to + x]), row % p.out_height, x);
  }
}

@compute @workgroup_size(256)
fn pool_each(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 256u;
  let pixels = p.out_height * p.out_width;
  let plane = at / pixels;
  if (plane >= p.planes) {
    return;
  }
  let out_y = (at % pixels) / p.out_width;
  let out_x = at % p.out_width;
  var value = identity();
  for (var tap_y = 0u; tap_y < p.kernel_height; tap_y++) {
    let y = out_y * p.stride_y + tap_y * p.dilation_y;
    if (y < p.top || y >= p.top + p.height) {
      continue;
    }
    for (var tap_x = 0u; tap_x < p.kernel_width; tap_x++) {
      let x = out_x * p.stride_x + tap_x * p.dilation_x;
      if (x >= p.left && x < p.left + p.width) {
        value = combine(value, load(source[(plane * p.height + y - p.top) * p.width + x - p.left]));
      }
    }
  }
  result[at] = finish(value, out_y, out_x);
}

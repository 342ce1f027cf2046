// For CPU-type devices and few channels a group: one thread a row of the result, tap after tap along the row, which the
// compiler vectorises; each tap covers the columns where it meets the image.
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
fn convolve_rows(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = id.x + id.y * groups.x;
  let plane = row / p.out_height;
  if (plane >= p.batch * p.groups * p.outputs) {
    return;
  }
  let channel = plane % (p.groups * p.outputs);
  let first_input = (plane / p.outputs) * p.inputs;
  let to = row * p.out_width;
  for (var x = 0u; x < p.out_width; x++) {
    result[to + x] = 0.0;
  }
  var at = channel * steps();
  for (var input = first_input; input < first_input + p.inputs; input++) {
    for (var tap_y = 0u; tap_y < p.kernel_height; tap_y++) {
      let y = (row % p.out_height) * p.stride_y + tap_y * p.dilation_y;
      if (y < p.top || y >= p.top + p.height) {
        at += p.kernel_width;
        continue;
      }
      let line = (input * p.height + y - p.top) * p.width;
      for (var tap_x = 0u; tap_x < p.kernel_width; tap_x++) {
        let weight = weights[at];
        at++;
        let start = line + tap_x * p.dilation_x - p.left;
        let end = end_column(tap_x);
        if (p.stride_x == 1u) {
          for (var x = first_column(tap_x); x < end; x++) {
            result[to + x] += weight * source[start + x];
          }
        } else {
          for (var x = first_column(tap_x); x < end; x++) {
            result[to + x] += weight * source[start + x * p.stride_x];
          }
        }
      }
    }
  }
  for (var x = 0u; x < p.out_width; x++) {
    result[to + x] = finish(result[to + x], channel, to + x);
  }
}

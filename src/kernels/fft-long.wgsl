// For CPU-type devices: one thread takes sixteen transforms as sixteen lanes (a mat4x4 is sixteen contiguous lanes).
alias Lanes = mat4x4<f32>;
const lanes = 16u;

/// Where each thread works: it stays in the processor's cache, which workgroup memory would be zeroed for.
@group(0) @binding(9) var<storage, read_write> parts: array<mat4x4<f32>>;

fn cell(at: u32, area: u32) -> u32 {
  return area + 2u * at;
}

fn part_re(at: u32) -> mat4x4<f32> {
  return parts[at];
}

fn part_im(at: u32) -> mat4x4<f32> {
  return parts[at + 1u];
}

fn put(at: u32, re: mat4x4<f32>, im: mat4x4<f32>) {
  parts[at] = re;
  parts[at + 1u] = im;
}

fn stages(area: u32) {
  var span = 1u;
  for (var rest = p.radices; rest > 0u; rest >>= 4u) {
    stage(rest & 15u, span, 0u, 1u, area);
    span *= rest & 15u;
  }
}

@group(0) @binding(4) var<storage, read> source: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read> source_blocks: array<mat4x4<f32>>;
@group(0) @binding(7) var<storage, read_write> result_blocks: array<mat4x4<f32>>;
@group(0) @binding(8) var<storage, read> twiddle_blocks: array<mat4x4<f32>>;

/// The real parts of sixteen complex numbers in a row.
fn reals(a: mat4x4<f32>, b: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(
    vec4(a[0].xz, a[1].xz), vec4(a[2].xz, a[3].xz), vec4(b[0].xz, b[1].xz), vec4(b[2].xz, b[3].xz));
}

fn imaginaries(a: mat4x4<f32>, b: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(
    vec4(a[0].yw, a[1].yw), vec4(a[2].yw, a[3].yw), vec4(b[0].yw, b[1].yw), vec4(b[2].yw, b[3].yw));
}

/// Number by number.
fn times(a: mat4x4<f32>, b: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}

/// Reads sixteen neighbours at once.
fn load_blocks(first: u32, area: u32) {
  let start = source_place(first);
  let turn = residue(first);
  for (var r = 0u; r < p.points; r++) {
    let at = (start + r * p.per_outer) / 8u;
    let a = source_blocks[at];
    let b = source_blocks[at + 1u];
    let re = reals(a, b);
    let im = imaginaries(a, b);
    let to = cell(order[r], area);
    if (p.before == 1u) {
      put(to, re, im);
    } else if (p.inner == 1u) {
      let block = (r * p.before + turn) / 8u;
      let c = twiddle_blocks[block];
      let d = twiddle_blocks[block + 1u];
      let cosines = reals(c, d);
      let sines = imaginaries(c, d) * p.sign;
      put(to, times(re, cosines) - times(im, sines), times(re, sines) + times(im, cosines));
    } else {
      let w = twiddles[r * p.before + turn] * vec2(1.0, p.sign);
      put(to, real_product(re, im, w), imaginary_product(re, im, w));
    }
  }
}

/// Points of one transform at a time: all lanes of so many are in the nearest cache.
const strip = 64u;

/// Writes each transform by itself.
fn store_lanes(first: u32, area: u32) {
  let present = min(lanes, p.transforms - first);
  for (var start = 0u; start < p.points; start += strip) {
    let end = min(p.points, start + strip);
    for (var lane = 0u; lane < present; lane++) {
      let to = result_place(first + lane);
      let c = lane / 4u;
      let i = lane % 4u;
      for (var r = start; r < end; r++) {
        let at = cell(r, area);
        result[to + r * p.span] = vec2(parts[at][c][i], parts[at + 1u][c][i]) * p.scale;
      }
    }
  }
}

/// Reads each transform by itself.
fn load_lanes(first: u32, area: u32) {
  let present = min(lanes, p.transforms - first);
  for (var start = 0u; start < p.points; start += strip) {
    let end = min(p.points, start + strip);
    for (var lane = 0u; lane < present; lane++) {
      let from_place = source_place(first + lane);
      let turn = residue(first + lane);
      let c = lane / 4u;
      let i = lane % 4u;
      for (var r = start; r < end; r++) {
        var value = source[from_place + r * p.per_outer];
        if (p.before > 1u) {
          let w = twiddles[r * p.before + turn] * vec2(1.0, p.sign);
          value = vec2(value.x * w.x - value.y * w.y, value.x * w.y + value.y * w.x);
        }
        let at = cell(order[r], area);
        parts[at][c][i] = value.x;
        parts[at + 1u][c][i] = value.y;
      }
    }
  }
}

/// Where sixteen transforms are neighbours in the source and in the result.
@compute @workgroup_size(1)
fn transform_blocks(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let area = id.x * 2u * p.points;
  for (var first = id.x * lanes; first < p.transforms; first += groups.x * lanes) {
    load_blocks(first, area);
    stages(area);
    let to = result_place(first);
    for (var r = 0u; r < p.points; r++) {
      let re = part_re(cell(r, area)) * p.scale;
      let im = part_im(cell(r, area)) * p.scale;
      let at = (to + r * p.span) / 8u;
      result_blocks[at] = mat4x4<f32>(
        vec4(re[0].x, im[0].x, re[0].y, im[0].y), vec4(re[0].z, im[0].z, re[0].w, im[0].w),
        vec4(re[1].x, im[1].x, re[1].y, im[1].y), vec4(re[1].z, im[1].z, re[1].w, im[1].w));
      result_blocks[at + 1u] = mat4x4<f32>(
        vec4(re[2].x, im[2].x, re[2].y, im[2].y), vec4(re[2].z, im[2].z, re[2].w, im[2].w),
        vec4(re[3].x, im[3].x, re[3].y, im[3].y), vec4(re[3].z, im[3].z, re[3].w, im[3].w));
    }
  }
}

/// Where they are neighbours in the source only: the first pass of a transform along the last axis.
@compute @workgroup_size(1)
fn transform_sorting(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let area = id.x * 2u * p.points;
  for (var first = id.x * lanes; first < p.transforms; first += groups.x * lanes) {
    load_blocks(first, area);
    stages(area);
    store_lanes(first, area);
  }
}

/// Where nothing is known of them.
@compute @workgroup_size(1)
fn transform_each(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let area = id.x * 2u * p.points;
  for (var first = id.x * lanes; first < p.transforms; first += groups.x * lanes) {
    load_lanes(first, area);
    stages(area);
    store_lanes(first, area);
  }
}

// For GPUs: a workgroup of 256 threads takes sixteen transforms, whose neighbours are neighbours in memory.
alias Lanes = f32;
const lanes = 16u;
const rows = 16u;
const cells = 128u * lanes;
var<workgroup> parts_re: array<f32, cells>;
var<workgroup> parts_im: array<f32, cells>;

fn part_re(at: u32) -> f32 {
  return parts_re[at];
}

fn part_im(at: u32) -> f32 {
  return parts_im[at];
}

fn put(at: u32, re: f32, im: f32) {
  parts_re[at] = re;
  parts_im[at] = im;
}

fn cell(at: u32, lane: u32) -> u32 {
  return at * lanes + lane;
}

@group(0) @binding(4) var<storage, read> source: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<vec2<f32>>;

@compute @workgroup_size(256)
fn transform(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (id.x + id.y * groups.x) * lanes;
  let lane = local % lanes;
  let row = local / lanes;
  // Neighbouring threads read and write neighbours: p.points of one transform where transforms do not touch.
  if (p.per_outer == 1u) {
    for (var i = local; i < p.points * lanes; i += 256u) {
      load(first, i / p.points, i % p.points);
    }
  } else {
    for (var r = row; r < p.points; r += rows) {
      load(first, lane, r);
    }
  }
  workgroupBarrier();
  var span = 1u;
  for (var rest = p.radices; rest > 0u; rest >>= 4u) {
    stage(rest & 15u, span, row, rows, lane);
    span *= rest & 15u;
    workgroupBarrier();
  }
  if (p.span == 1u) {
    for (var i = local; i < p.points * lanes; i += 256u) {
      store(first, i / p.points, i % p.points);
    }
  } else {
    for (var r = row; r < p.points; r += rows) {
      store(first, lane, r);
    }
  }
}

fn load(first: u32, lane: u32, r: u32) {
  let number = min(first + lane, p.transforms - 1u);
  var value = source[source_place(number) + r * p.per_outer];
  if (p.before > 1u) {
    let w = twiddles[r * p.before + residue(number)] * vec2(1.0, p.sign);
    value = vec2(value.x * w.x - value.y * w.y, value.x * w.y + value.y * w.x);
  }
  put(cell(order[r], lane), value.x, value.y);
}

fn store(first: u32, lane: u32, r: u32) {
  if (first + lane < p.transforms) {
    let at = cell(r, lane);
    result[result_place(first + lane) + r * p.span] = vec2(parts_re[at], parts_im[at]) * p.scale;
  }
}

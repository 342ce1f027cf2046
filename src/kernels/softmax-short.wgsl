// A workgroup takes `256 / lanes` rows.
struct Parameters { rows: u32, n: u32, each: u32, lanes: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

var<workgroup> tops: array<i32, 256>;

fn in_order(bits: i32) -> i32 {
  return bits ^ ((bits >> 31u) & 0x7fffffff);
}

@compute @workgroup_size(256)
fn softmax(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let lanes = parameters.lanes;
  let lane = local % lanes;
  let row = (id.x + id.y * groups.x) * (256u / lanes) + local / lanes;
  let first = row * parameters.n + lane;
  var last = first;
  if (row < parameters.rows) {
    last = (row + 1u) * parameters.n;
  }
  var top = -2147483648;
  for (var i = first; i < last; i += lanes) {
    top = max(top, in_order(bitcast<i32>(source[i])));
  }
  tops[local] = top;
  workgroupBarrier();
  for (var width = lanes / 2u; width > 0u; width /= 2u) {
    if (lane < width) {
      tops[local] = max(tops[local], tops[local + width]);
    }
    workgroupBarrier();
  }
  let most = bitcast<f32>(in_order(tops[local - lane]));
  var total = 0.0;
  for (var i = first; i < last; i += lanes) {
    total += exp(source[i] - most);
  }
  let factor = scale_of(fold_sum(total, local, lane, lanes));
  for (var i = first; i < last; i += lanes) {
    let difference = source[i] - most;
    result[i] = finish(difference, exp(difference), factor);
  }
}

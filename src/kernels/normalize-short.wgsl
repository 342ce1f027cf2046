// A workgroup takes `256 / lanes` rows.
struct Parameters { rows: u32, n: u32, each: u32, lanes: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(256)
fn normalize(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let lanes = parameters.lanes;
  let lane = local % lanes;
  let row = (id.x + id.y * groups.x) * (256u / lanes) + local / lanes;
  let base = row * parameters.n;
  let n = select(0u, parameters.n, row < parameters.rows);
  var mean = 0.0;
  if (centers) {
    var total = 0.0;
    for (var at = lane; at < n; at += lanes) {
      total += source[base + at];
    }
    mean = fold_sum(total, local, lane, lanes) / f32(parameters.n);
  }
  var squares = 0.0;
  for (var at = lane; at < n; at += lanes) {
    let difference = source[base + at] - mean;
    squares += difference * difference;
  }
  let variance = fold_sum(squares, local, lane, lanes) / f32(parameters.n);
  let scale = 1.0 / sqrt(variance + parameters.epsilon);
  for (var at = lane; at < n; at += lanes) {
    result[base + at] = finish((source[base + at] - mean) * scale, at);
  }
}

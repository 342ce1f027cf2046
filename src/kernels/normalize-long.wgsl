// A thread takes whole rows: two passes for mean and variance, a third for the result, while the row is in the cache.
struct Parameters { rows: u32, n: u32, each: u32, lanes: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(1)
fn normalize(@builtin(workgroup_id) id: vec3<u32>) {
  let start = id.x * parameters.each;
  let end = min(start + parameters.each, parameters.rows);
  let n = parameters.n;
  for (var row = start; row < end; row++) {
    let base = row * n;
    let mean = select(0.0, values(base, n, 0.0) / f32(n), centers);
    let scale = 1.0 / sqrt(squares(base, n, mean) / f32(n) + parameters.epsilon);
    for (var at = 0u; at < n; at++) {
      result[base + at] = finish((source[base + at] - mean) * scale, at);
    }
  }
}

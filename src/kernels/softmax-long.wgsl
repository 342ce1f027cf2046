// A thread takes whole rows: the maximum, exponentials and their sum, and the division, while the row is in the cache.
struct Parameters { rows: u32, n: u32, each: u32, lanes: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

fn in_order(bits: i32) -> i32 {
  return bits ^ ((bits >> 31u) & 0x7fffffff);
}

@compute @workgroup_size(1)
fn softmax(@builtin(workgroup_id) id: vec3<u32>) {
  let start = id.x * parameters.each;
  let end = min(start + parameters.each, parameters.rows);
  for (var row = start; row < end; row++) {
    let base = row * parameters.n;
    let last = base + parameters.n;
    var top = -2147483648;
    for (var i = base; i < last; i++) {
      top = max(top, in_order(bitcast<i32>(source[i])));
    }
    let most = bitcast<f32>(in_order(top));
    for (var i = base; i < last; i++) {
      result[i] = exp_down(source[i] - most);
    }
    let total = exponentials(base, parameters.n, 0.0);
    let factor = scale_of(total);
    for (var i = base; i < last; i++) {
      result[i] = finish(source[i] - most, result[i], factor);
    }
  }
}

// One thread reduces a contiguous chunk with four accumulators, no barriers. `chunk` is a multiple of 16.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read> quads: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partial_values: array<Element>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn reduce(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  let whole = last / 4u - (last / 4u - first / 4u) % 4u;
  var a = identity4();
  var b = identity4();
  var c = identity4();
  var d = identity4();
  for (var i = first / 4u; i < whole; i += 4u) {
    a = combine4(a, load4(quads[i]));
    b = combine4(b, load4(quads[i + 1u]));
    c = combine4(c, load4(quads[i + 2u]));
    d = combine4(d, load4(quads[i + 3u]));
  }
  let v = combine4(combine4(a, b), combine4(c, d));
  var total = combine(combine(v.x, v.y), combine(v.z, v.w));
  for (var i = whole * 4u; i < last; i++) {
    total = combine(total, load(source[i]));
  }
  partial_values[id.x] = total;
}

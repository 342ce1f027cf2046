// One thread reduces a contiguous chunk, sixteen values at a time (a mat4x4 is sixteen contiguous lanes) and four
// blocks in flight, no barriers. `chunk` is a multiple of 64.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read> blocks: array<mat4x4<f32>>;
@group(0) @binding(2) var<storage, read_write> partial_values: array<Element>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn reduce(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  let whole = first / 16u + (last - first) / 64u * 4u;
  var a = identity_block();
  var b = identity_block();
  var c = identity_block();
  var d = identity_block();
  for (var i = first / 16u; i < whole; i += 4u) {
    a = absorb(a, blocks[i]);
    b = absorb(b, blocks[i + 1u]);
    c = absorb(c, blocks[i + 2u]);
    d = absorb(d, blocks[i + 3u]);
  }
  var total = combine(combine(fold(a), fold(b)), combine(fold(c), fold(d)));
  for (var i = whole * 16u; i < last; i++) {
    total = combine(total, load(source[i]));
  }
  partial_values[id.x] = total;
}

// Two 16-bit numbers a word, widened to f32 and narrowed again by bits: to nearest, ties to even, on every device.
struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
@group(0) @binding(2) var<storage, read_write> widened: array<f32>;
@group(0) @binding(3) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read_write> narrowed: array<u32>;

/// 64 words, 128 numbers, a workgroup: the index of the first of a thread's two numbers.
fn first_of(id: vec3<u32>, groups: vec3<u32>, thread: u32) -> u32 {
  return ((id.x + id.y * groups.x) * 64u + thread) * 2u;
}

@compute @workgroup_size(64)
fn widen(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = first_of(id, groups, thread);
  if (first >= p.count) {
    return;
  }
  let word = packed[first / 2u];
  widened[first] = decode(word & 0xffffu);
  if (first + 1u < p.count) {
    widened[first + 1u] = decode(word >> 16u);
  }
}

@compute @workgroup_size(64)
fn narrow(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = first_of(id, groups, thread);
  if (first >= p.count) {
    return;
  }
  var word = encode(bitcast<u32>(floats[first]));
  if (first + 1u < p.count) {
    word |= encode(bitcast<u32>(floats[first + 1u])) << 16u;
  }
  narrowed[first / 2u] = word;
}

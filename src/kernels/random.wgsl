struct Parameters {
  /// Blocks of four numbers; the first of them has this number, and `skipped` of its numbers come before the result.
  blocks: u32, chunk: u32, first_low: u32, first_high: u32,
  skipped: u32, count: u32, stream: u32, key_low: u32, key_high: u32,
  /// What a distribution wants to know.
  low: u32, range: u32, threshold: u32, scale: u32, shift: u32, most: u32, zero: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> result: array<Element>;

/// The zero keeps compilers from fusing product and sum, as WGSL lets them.
fn scaled(x: f32) -> f32 {
  let product = bitcast<f32>(bitcast<u32>(x * bitcast<f32>(p.scale)) ^ p.zero);
  return product + bitcast<f32>(p.shift);
}

fn counter_of(block: u32, attempt: u32) -> vec4<u32> {
  let low = p.first_low + block;
  return vec4(low, p.first_high + u32(low < block), attempt, p.stream);
}

fn write_block(block: u32) {
  let words = philox(counter_of(block, 0u), vec2(p.key_low, p.key_high));
  // Numbers before the first wrap around and so are past the last.
  let at = block * 4u - p.skipped;
  if (at < p.count) { result[at] = value(words.x, block, 0u); }
  if (at + 1u < p.count) { result[at + 1u] = value(words.y, block, 1u); }
  if (at + 2u < p.count) { result[at + 2u] = value(words.z, block, 2u); }
  if (at + 3u < p.count) { result[at + 3u] = value(words.w, block, 3u); }
}

@compute @workgroup_size(1)
fn generate_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * p.chunk;
  for (var block = first; block < min(first + p.chunk, p.blocks); block++) {
    write_block(block);
  }
}

@compute @workgroup_size(256)
fn generate(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let block = id.x + id.y * groups.x * 256u;
  if (block < p.blocks) {
    write_block(block);
  }
}

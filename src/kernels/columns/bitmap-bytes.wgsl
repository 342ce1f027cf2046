// Bitmaps from bytes and to bytes or words.
struct Parameters { units: u32, each: u32, words: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// A bit for each of 32 bytes that is not 0; there are `words` words of them.
@compute @workgroup_size(threads)
fn bits_of_bytes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var word = start; word < end; word++) {
    var made = 0u;
    let given = min(8u, parameters.words - word * 8u);
    for (var k = 0u; k < given; k++) {
      let bytes = source[word * 8u + k];
      let ones = ((((bytes & 0x7f7f7f7fu) + 0x7f7f7f7fu) | bytes) & 0x80808080u) >> 7u;
      made |= ((ones * 0x10204080u) >> 28u) << (k * 4u);
    }
    result[word] = made;
  }
}

/// A unit is a word of four bytes, 0 or 1.
@compute @workgroup_size(threads)
fn bytes_of_bits(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    let bits = (source[at / 8u] >> (at % 8u * 4u)) & 15u;
    result[at] = (bits * 0x204081u) & 0x1010101u;
  }
}

/// A unit is a word, 0 or 1.
@compute @workgroup_size(threads)
fn words_of_bits(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    result[at] = (source[at / 32u] >> (at % 32u)) & 1u;
  }
}

@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

@compute @workgroup_size(1)
fn count_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.words);
  var found = countOneBits(mask_at(last - 1u));
  for (var word = first; word + 1u < last; word++) {
    found += countOneBits(mask[word & 0x7fffffffu]);
  }
  counts[id.x] = found;
}

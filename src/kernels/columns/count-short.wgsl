@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

const threads = 256u;
var<workgroup> found: array<u32, threads>;

@compute @workgroup_size(threads)
fn count_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.words);
  var own = 0u;
  for (var word = first + local; word < last; word += threads) {
    own += countOneBits(mask_at(word));
  }
  found[local] = own;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) {
      found[local] += found[local + width];
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    counts[id.x] = found[0];
  }
}

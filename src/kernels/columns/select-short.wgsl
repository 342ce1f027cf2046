@group(0) @binding(2) var<storage, read> starts: array<u32>;

const threads = 256u;
var<workgroup> bits: array<u32, threads>;
var<workgroup> sums: array<u32, threads>;

/// A tile is a word each thread. Its rows are then gone over in order, so that neighbours write neighbours.
@compute @workgroup_size(threads)
fn write_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.words);
  var to = starts[id.x];
  for (var start = first; start < last; start += threads) {
    var own = 0u;
    if (start + local < last) {
      own = mask_at(start + local);
    }
    var total = countOneBits(own);
    bits[local] = own;
    sums[local] = total;
    workgroupBarrier();
    for (var distance = 1u; distance < threads; distance *= 2u) {
      var before = 0u;
      if (local >= distance) {
        before = sums[local - distance];
      }
      workgroupBarrier();
      total += before;
      sums[local] = total;
      workgroupBarrier();
    }
    for (var i = local; i < threads * 32u; i += threads) {
      let word = i / 32u;
      let mine = bits[word];
      if (((mine >> (i % 32u)) & 1u) == 1u) {
        let behind = mine >> (i % 32u);
        put(to + sums[word] - countOneBits(behind), start * 32u + i);
      }
    }
    to += sums[threads - 1u];
    workgroupBarrier();
  }
}

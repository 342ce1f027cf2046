// Sums of lengths that stop at the largest number, then offsets: a workgroup takes a contiguous chunk.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
@group(0) @binding(3) var<storage, read> before: array<u32>;
@group(0) @binding(4) var<storage, read_write> offsets: array<u32>;

const threads = 256u;
var<workgroup> shared_sums: array<u32, threads>;

fn added(a: u32, b: u32) -> u32 {
  return select(a + b, 0xffffffffu, a > 0xffffffffu - b);
}

@compute @workgroup_size(threads)
fn sum_lengths(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = 0u;
  for (var i = first + local; i < last; i += threads) {
    total = added(total, lengths[i]);
  }
  shared_sums[local] = total;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) {
      shared_sums[local] = added(shared_sums[local], shared_sums[local + width]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    sums[id.x] = shared_sums[0];
  }
}

@compute @workgroup_size(threads)
fn write_offsets(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var carried = before[id.x];
  for (var start = first; start < last; start += threads) {
    let i = start + local;
    var own = 0u;
    if (i < last) {
      own = lengths[i];
    }
    var total = own;
    shared_sums[local] = total;
    workgroupBarrier();
    for (var distance = 1u; distance < threads; distance *= 2u) {
      var earlier = 0u;
      if (local >= distance) {
        earlier = shared_sums[local - distance];
      }
      workgroupBarrier();
      total += earlier;
      shared_sums[local] = total;
      workgroupBarrier();
    }
    if (i < last) {
      offsets[i] = carried + total - own;
      if (i + 1u == parameters.count) {
        offsets[i + 1u] = carried + total;
      }
    }
    carried += shared_sums[threads - 1u];
    workgroupBarrier();
  }
}

// Reduce, then scan: a workgroup takes a contiguous chunk, 256 elements at a time.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<Element>;
@group(0) @binding(1) var<storage, read_write> sums: array<Element>;
@group(0) @binding(2) var<storage, read_write> result: array<Element>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

const threads = 256u;
var<workgroup> shared_sums: array<Element, threads>;

@compute @workgroup_size(threads)
fn sum_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = Element();
  for (var i = first + local; i < last; i += threads) {
    total += source[i];
  }
  shared_sums[local] = total;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) {
      shared_sums[local] += shared_sums[local + width];
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    sums[id.x] = shared_sums[0];
  }
}

/// The inclusive sums of one value a thread (Hillis and Steele, 1986).
fn scan_group(value: Element, local: u32) -> Element {
  var total = value;
  shared_sums[local] = total;
  workgroupBarrier();
  for (var distance = 1u; distance < threads; distance *= 2u) {
    var before = Element();
    if (local >= distance) {
      before = shared_sums[local - distance];
    }
    workgroupBarrier();
    total += before;
    shared_sums[local] = total;
    workgroupBarrier();
  }
  return total;
}

@compute @workgroup_size(threads)
fn scan_sums(@builtin(local_invocation_index) local: u32) {
  var carried = Element();
  for (var start = 0u; start < parameters.count; start += threads) {
    let i = start + local;
    var value = Element();
    if (i < parameters.count) {
      value = sums[i];
    }
    let total = scan_group(value, local);
    if (i < parameters.count) {
      sums[i] = carried + total - value;
    }
    carried += shared_sums[threads - 1u];
    workgroupBarrier();
  }
}

@compute @workgroup_size(threads)
fn scan_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var carried = sums[id.x];
  for (var start = first; start < last; start += threads) {
    let i = start + local;
    var value = Element();
    if (i < last) {
      value = source[i];
    }
    let total = scan_group(value, local);
    if (i < last) {
      result[i] = carried + total - value;
    }
    carried += shared_sums[threads - 1u];
    workgroupBarrier();
  }
}

// Reduce, then scan: one thread a contiguous chunk in both passes.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<Element>;
@group(0) @binding(1) var<storage, read_write> sums: array<Element>;
@group(0) @binding(2) var<storage, read_write> result: array<Element>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn sum_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = Element();
  for (var i = first; i < last; i++) {
    total += source[i & 0x7fffffffu];
  }
  sums[id.x] = total;
}

/// Exclusive sums of the chunk sums, in place; there are at most a few thousand.
@compute @workgroup_size(1)
fn scan_sums() {
  var total = Element();
  for (var i = 0u; i < parameters.count; i++) {
    let value = sums[i];
    sums[i] = total;
    total += value;
  }
}

@compute @workgroup_size(1)
fn scan_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = sums[id.x];
  for (var i = first; i < last; i++) {
    let at = i & 0x7fffffffu;
    let value = source[at];
    result[at] = total;
    total += value;
  }
}

// Scans that start anew with each segment: one thread a contiguous chunk in both passes.
fn walk(chunk: u32, carried: A, writes: bool) {
  let first = chunk * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = carried;
  var seen = 0u;
  for (var i = first; i < last; i++) {
    if (starts_at(i)) {
      total = identity();
      seen = 1u;
    }
    let before = total;
    total = combine(total, value_at(i));
    if (writes) {
      put(i, before, total);
    }
  }
  if (!writes) {
    totals[chunk] = total;
    marks[chunk] = seen;
  }
}

@compute @workgroup_size(1)
fn sum_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  walk(id.x, identity(), false);
}

@compute @workgroup_size(1)
fn scan_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  walk(id.x, totals[id.x], true);
}

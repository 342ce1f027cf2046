@group(0) @binding(4) var<storage, read> tables: array<A>;
@group(0) @binding(6) var<storage, read_write> result_validity: array<u32>;
@group(0) @binding(7) var<storage, read_write> status: array<atomic<u32>>;

/// A thread makes the results of 32 groups, which are a word of the bitmap.
@compute @workgroup_size(64)
fn finish(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  let first = word * 32u;
  if (first >= parameters.groups) { return; }
  let last = min(first + 32u, parameters.groups);
  var valid = 0u;
  var overflowed = false;
  for (var group = first; group < last; group++) {
    let found = tables[group];
    let has = has_value(found);
    valid |= u32(has) << (group & 31u);
    overflowed = overflowed || (has && overflows(found));
    put(group, found, has, group + 1u == last);
  }
  result_validity[word] = valid;
  let nulls = last - first - countOneBits(valid);
  if (nulls > 0u) { atomicAdd(&status[parameters.status], nulls); }
  if (overflowed) { atomicOr(&status[parameters.status + 1u], 1u); }
}

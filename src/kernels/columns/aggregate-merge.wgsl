@group(0) @binding(4) var<storage, read> parts: array<A>;
@group(0) @binding(5) var<storage, read_write> tables: array<A>;

/// `each` tables become one, in order.
@compute @workgroup_size(64)
fn merge_tables(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let slot = id.x + id.y * groups.x * 64u;
  let made = (parameters.tables + parameters.each - 1u) / parameters.each;
  if (slot >= made * parameters.groups) { return; }
  let first = slot / parameters.groups * parameters.each;
  let last = min(first + parameters.each, parameters.tables);
  var all = A();
  for (var table = first; table < last; table++) {
    all = merged(all, parts[table * parameters.groups + slot % parameters.groups]);
  }
  tables[slot] = all;
}

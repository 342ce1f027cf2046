// From slots to dense numbers in the order of first rows. `ids` hold slots, with the top bit where a row is the first.
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> representatives: array<u32>;

const top = 0x80000000u;

@compute @workgroup_size(threads)
fn mark_firsts(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var firsts = 0u;
  for (var row = first; row < last; row++) {
    let slot = ids[row];
    if (table[slot] == row) {
      ids[row] = slot | top;
      firsts++;
    }
  }
  counts[thread] = firsts;
  if (thread == 0u) { counts[parameters.chunks] = 0u; }
}

@compute @workgroup_size(threads)
fn count_firsts(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var firsts = 0u;
  for (var row = first; row < last; row++) {
    firsts += ids[row & 0x7fffffffu] >> 31u;
  }
  counts[thread] = firsts;
  if (thread == 0u) { counts[parameters.chunks] = 0u; }
}

@compute @workgroup_size(threads)
fn place_firsts(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var at = counts[thread];
  for (var row = first; row < last; row++) {
    let slot = ids[row];
    if (slot >= top) {
      table[slot & 0x7fffffffu] = at;
      representatives[at] = row;
      at++;
    }
  }
}

@compute @workgroup_size(threads)
fn rename_rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    ids[row] = table[ids[row] & 0x7fffffffu];
  }
}

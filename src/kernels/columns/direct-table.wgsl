// Codes address a table themselves.
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> table: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> matched: array<u32>;

/// The first row of each code.
@compute @workgroup_size(threads)
fn insert_codes(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    let code = codes[row];
    if (atomicLoad(&table[code]) > row) { atomicMin(&table[code], row); }
  }
}

@compute @workgroup_size(threads)
fn look_up_codes(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    let code = codes[row];
    var found = none;
    if (code != none) { found = atomicLoad(&table[code]); }
    matched[row] = found;
  }
}

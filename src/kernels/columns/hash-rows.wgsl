@group(0) @binding(5) var<storage, read_write> hashes: array<u32>;

@compute @workgroup_size(threads)
fn hash_rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    hashes[row] = hash_of(row);
  }
}

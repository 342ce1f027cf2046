// Row i of the result is left row i / slots and right row i % slots.
@group(0) @binding(1) var<storage, read_write> left: array<u32>;
@group(0) @binding(2) var<storage, read_write> right: array<u32>;

@compute @workgroup_size(threads)
fn cross_rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var i = first; i < last; i++) {
    left[i] = i / parameters.slots;
    right[i] = i % parameters.slots;
  }
}

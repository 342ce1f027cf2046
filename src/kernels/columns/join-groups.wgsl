// Where the rows of each group start in the list of rows by group; `slots` is the number of groups.
@group(0) @binding(1) var<storage, read> sorted: array<u32>;
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;

@compute @workgroup_size(threads)
fn mark_starts(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var i = first; i < last; i++) {
    let id = sorted[i];
    var before = none;
    if (i > 0u) { before = sorted[i - 1u]; }
    if (id != before) { starts[id] = i; }
    if (i == parameters.count - 1u) { starts[parameters.slots] = parameters.count; }
  }
}

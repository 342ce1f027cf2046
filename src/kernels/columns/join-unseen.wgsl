// Rows of the right side whose group no left row matched.
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> seen: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> left: array<u32>;
@group(0) @binding(5) var<storage, read_write> right: array<u32>;

@compute @workgroup_size(threads)
fn mark_seen(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    let id = rows[row];
    if (id != none) {
      if (atomicLoad(&seen[id]) == 0u) { atomicStore(&seen[id], 1u); }
    }
  }
}

@compute @workgroup_size(threads)
fn count_unseen(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var unseen = 0u;
  for (var row = first; row < last; row++) {
    unseen += 1u - atomicLoad(&seen[rows[row]]);
  }
  counts[thread] = unseen;
  if (thread == 0u) { counts[parameters.chunks] = 0u; }
}

/// `seed` is where they go in the result.
@compute @workgroup_size(threads)
fn emit_unseen(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var at = parameters.seed + counts[thread];
  for (var row = first; row < last; row++) {
    if (atomicLoad(&seen[rows[row]]) == 0u) {
      left[at] = none;
      right[at] = row;
      at++;
    }
  }
}

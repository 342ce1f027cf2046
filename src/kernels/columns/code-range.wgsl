// Least and most of the values of a thread's rows; the least above the most where there are none. `null_words` is 1 where
// some may be null. A thread stops where they are further apart than `seed`.
@group(0) @binding(3) var<storage, read_write> ranges: array<E>;

@compute @workgroup_size(threads)
fn key_range(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var least = greatest_value;
  var most = least_value;
  for (var start = first; start < last; start += 4096u) {
    if (start > first && most >= least && spread(least, most) > u64(parameters.seed)) { break; }
    let end = min(start + 4096u, last);
    for (var row = start; row < end; row++) {
      if (is_valid_in(parameters.null_words, row)) {
        let value = values[row & 0x7fffffffu];
        least = min(least, value);
        most = max(most, value);
      }
    }
  }
  ranges[thread * 2u] = least;
  ranges[thread * 2u + 1u] = most;
}

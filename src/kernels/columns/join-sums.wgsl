// 64-bit sums of 64-bit counts, as two words each: the low words of all counts and one more, then the high words.
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(threads)
fn sum_counts(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_of(group, groups, local);
  if (thread >= parameters.chunks) { return; }
  let first = thread * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var low = 0u;
  var high = 0u;
  for (var i = first; i < last; i++) {
    low += counts[i];
    high += counts[parameters.count + 1u + i] + u32(low < counts[i]);
  }
  sums[thread * 2u] = low;
  sums[thread * 2u + 1u] = high;
}

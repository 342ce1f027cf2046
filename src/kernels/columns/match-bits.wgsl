// A bitmap of the rows that have a match. A thread owns whole words.
@group(0) @binding(1) var<storage, read> matched: array<u32>;
@group(0) @binding(2) var<storage, read_write> mask: array<u32>;

@compute @workgroup_size(threads)
fn match_bits(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var start = first; start < last; start += 32u) {
    var bits = 0u;
    for (var row = start; row < min(start + 32u, last); row++) {
      bits |= u32(matched[row] != none) << (row - start);
    }
    mask[start / 32u] = bits;
  }
}

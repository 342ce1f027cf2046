// `seed` is the word that fills.
@group(0) @binding(1) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(threads)
fn fill_words(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var i = first; i < last; i++) {
    words[i & 0x7fffffffu] = parameters.seed;
  }
}

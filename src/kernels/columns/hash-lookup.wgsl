// `block` is 64 on a CPU, whose compiler makes vector instructions of a loop that only hashes, and 1 on a GPU.
// What the other side's table holds for each row's key, or `none`.
@group(0) @binding(6) var<storage, read> table: array<u32>;
@group(0) @binding(7) var<storage, read_write> matched: array<u32>;

fn match_of(row: u32, hash: u32) -> u32 {
  if (is_null(row)) { return none; }
  var slot = hash >> (countLeadingZeros(parameters.slots) + 1u);
  loop {
    let found = table[slot];
    if (found == none) { return none; }
    if (is_same_there(row, found)) { return found; }
    slot = (slot + 1u) & (parameters.slots - 1u);
  }
}

@compute @workgroup_size(threads)
fn look_up(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var start = first; start < last; start += block) {
    let size = min(block, last - start);
    var hashes: array<u32, block>;
    for (var k = 0u; k < size; k++) {
      hashes[k] = hash_of(start + k);
    }
    for (var k = 0u; k < size; k++) {
      matched[start + k] = match_of(start + k, hashes[k]);
    }
  }
}

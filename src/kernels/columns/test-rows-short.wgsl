
var<workgroup> found: array<u32, threads>;

/// A thread takes a row; eight of them then put the bits of the workgroup together.
@compute @workgroup_size(threads)
fn test_rows(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = first_unit(id, groups);
  found[local] = 0u;
  if (row < parameters.count) {
    found[local] = select(0u, 1u, holds(row));
  }
  workgroupBarrier();
  let word = (row - local) / 32u + local;
  if (local < threads / 32u && word * 32u < parameters.count) {
    var made = 0u;
    for (var k = 0u; k < 32u; k++) {
      made |= found[local * 32u + k] << k;
    }
    result[word] = made;
  }
}

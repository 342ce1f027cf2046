
/// A unit is a word of the result: 32 rows.
@compute @workgroup_size(threads)
fn test_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var word = start; word < end; word++) {
    let first = word * 32u;
    let given = min(32u, parameters.count - first);
    var made = 0u;
    for (var k = 0u; k < given; k++) {
      made |= select(0u, 1u, holds(first + k)) << k;
    }
    result[word] = made;
  }
}

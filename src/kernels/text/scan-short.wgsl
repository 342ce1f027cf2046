
@compute @workgroup_size(threads)
fn scan_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let unit = first_unit(id, groups);
  if (unit >= parameters.units) { return; }
  let row = row_at(unit);
  let end = offsets[row + 1u];
  var at = offsets[row];
  var state = parameters.start;
  while (at < end && state >= parameters.decided) {
    var word = values[at / 4u] >> (at % 4u * 8u);
    let until = min(end, (at / 4u + 1u) * 4u);
    for (; at < until; at++) {
      state = table[state + classes[word & 0xffu]];
      word >>= 8u;
    }
  }
  finish(row, state);
}

// Rows stand in order of their groups and values, nulls last: marks those whose value is new in its group.
struct Parameters { column: Column, count: u32, grouped: u32, unused_a: u32, unused_b: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(4) var<storage, read> ids: array<u32>;
@group(0) @binding(5) var<storage, read_write> marks: array<u32>;

@compute @workgroup_size(64)
fn mark_new(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  let first = word * 32u;
  if (first >= parameters.count) { return; }
  let last = min(first + 32u, parameters.count);
  var bits = 0u;
  for (var at = first; at < last; at++) {
    let row = row_at(at);
    var is_new = is_valid(row);
    if (is_new && at > 0u) {
      let before = row_at(at - 1u);
      is_new = differs(row, before) || (parameters.grouped == 1u && ids[row] != ids[before]);
    }
    bits |= u32(is_new) << (at & 31u);
  }
  marks[word] = bits;
}

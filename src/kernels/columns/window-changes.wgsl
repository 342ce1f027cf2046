// Rows stand in order: flags the positions where a key differs from the one before.
struct Parameters { column: Column, count: u32, adds: u32, unused_a: u32, unused_b: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(4) var<storage, read_write> changes: array<u32>;

@compute @workgroup_size(64)
fn flag_changes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= parameters.count) { return; }
  var changed = at == 0u;
  if (parameters.adds == 1u) { changed = changed || changes[at] != 0u; }
  if (!changed) {
    let row = row_at(at);
    let before = row_at(at - 1u);
    let has = is_valid(row);
    changed = has != is_valid(before) || (has && key_of_row(row) != key_of_row(before));
  }
  changes[at] = u32(changed);
}

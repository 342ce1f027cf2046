@group(0) @binding(5) var<storage, read_write> tables: array<A>;
@group(0) @binding(6) var<storage, read> edges: array<A>;
@group(0) @binding(7) var<storage, read> edge_groups: array<u32>;

const no_group = 0xffffffffu;

/// The first edge of a group takes in those that follow.
@compute @workgroup_size(64)
fn join_edges(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let edge = id.x + id.y * groups.x * 64u;
  let count = parameters.tables * 2u;
  if (edge >= count) { return; }
  let group = edge_groups[edge];
  if (group == no_group) { return; }
  if (edge > 0u) {
    let before = select(edge - 1u, edge - 2u, edge_groups[edge - 1u] == no_group);
    if (edge_groups[before] == group) { return; }
  }
  var all = edges[edge];
  for (var next = edge + 1u; next < count; next++) {
    let other = edge_groups[next];
    if (other == no_group) { continue; }
    if (other != group) { break; }
    all = merged(all, edges[next]);
  }
  tables[group] = all;
}

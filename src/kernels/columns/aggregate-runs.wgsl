@group(0) @binding(5) var<storage, read_write> tables: array<A>;
@group(0) @binding(6) var<storage, read_write> edges: array<A>;
@group(0) @binding(7) var<storage, read_write> edge_groups: array<u32>;

const no_group = 0xffffffffu;

/// Rows stand in order of their groups, and a thread takes a part of them. Groups that may go on in another part are edges.
@compute @workgroup_size(threads)
fn fold_runs(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let part = id.x + id.y * groups.x * threads;
  if (part >= parameters.tables) { return; }
  let first = part * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var run = A();
  var group = group_of_row(row_at(first));
  var is_first = true;
  edge_groups[part * 2u + 1u] = no_group;
  for (var at = first; at < last; at++) {
    let row = row_at(at);
    let next = group_of_row(row);
    if (next != group) {
      if (is_first) {
        edges[part * 2u] = run;
        edge_groups[part * 2u] = group;
      } else {
        tables[group] = run;
      }
      is_first = false;
      group = next;
      run = A();
    }
    if (is_valid(row)) { absorb(&run, row); }
  }
  let edge = part * 2u + select(1u, 0u, is_first);
  edges[edge] = run;
  edge_groups[edge] = group;
}

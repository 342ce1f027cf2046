struct Parameters { count: u32, distance: u32, unused_a: u32, unused_b: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> peers: array<u32>;
@group(0) @binding(4) var<storage, read> distinct: array<u32>;
@group(0) @binding(5) var<storage, read_write> numbers: array<u64>;
@group(0) @binding(6) var<storage, read_write> neighbours: array<u32>;
@group(0) @binding(7) var<storage, read> changes: array<u32>;

fn position(id: vec3<u32>, groups: vec3<u32>) -> u32 { return id.x + id.y * groups.x * 64u; }

/// The position where there is a change, and 0 elsewhere.
@compute @workgroup_size(64)
fn place_changes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  neighbours[at] = select(0u, at, changes[at] != 0u);
}

@compute @workgroup_size(64)
fn row_numbers(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  numbers[rows[at]] = u64(at - starts[at] + 1u);
}

@compute @workgroup_size(64)
fn ranks(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  numbers[rows[at]] = u64(peers[at] - starts[at] + 1u);
}

@compute @workgroup_size(64)
fn dense_ranks(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  numbers[rows[at]] = u64(distinct[at] - distinct[starts[at]] + 1u);
}

/// The row so many before in its partition, or none.
@compute @workgroup_size(64)
fn rows_before(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  var found = 0xffffffffu;
  if (at - starts[at] >= parameters.distance) {
    found = rows[at - parameters.distance];
  }
  neighbours[rows[at]] = found;
}

@compute @workgroup_size(64)
fn rows_after(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  var found = 0xffffffffu;
  if (parameters.count - at > parameters.distance && starts[at + parameters.distance] == starts[at]) {
    found = rows[at + parameters.distance];
  }
  neighbours[rows[at]] = found;
}

@compute @workgroup_size(64)
fn first_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = position(id, groups);
  if (at >= parameters.count) { return; }
  neighbours[rows[at]] = rows[starts[at]];
}

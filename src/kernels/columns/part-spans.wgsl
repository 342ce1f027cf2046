// Pieces of one of several texts of each row: `parts` pieces a row, of which it writes number `part`.
struct Parameters { units: u32, each: u32, parts: u32, part: u32, base: u32, one: u32, masked: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> validity: array<u32>;
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;
@group(0) @binding(4) var<storage, read_write> lengths: array<u32>;

@compute @workgroup_size(threads)
fn part_spans(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var row = start; row < end; row++) {
    let from_row = select(row, 0u, parameters.one == 1u);
    let first = offsets[from_row];
    let to = row * parameters.parts + parameters.part;
    starts[to] = parameters.base + first;
    var length = offsets[from_row + 1u] - first;
    if (parameters.masked == 1u) {
      length *= (validity[row / 32u] >> (row % 32u)) & 1u;
    }
    lengths[to] = length;
  }
}

/// Every `parts`-th offset.
@compute @workgroup_size(threads)
fn row_offsets(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var row = start; row < end; row++) {
    starts[row] = offsets[row * parameters.parts];
  }
}

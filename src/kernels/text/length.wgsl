// Rows whose text has fewer or more bytes or code points than it may. `values` are whole words.
struct Parameters { units: u32, each: u32, listed: u32, code: u32, least: u32, most: u32, characters: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> results: array<u32>;

fn fits(start: u32, end: u32) -> bool {
  var length = end - start;
  if (parameters.characters == 1u && (length > parameters.most || length / 4u < parameters.least)) {
    length = characters(start, end);
  }
  return length >= parameters.least && length <= parameters.most;
}

@compute @workgroup_size(threads)
fn test_lengths(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    var row = unit;
    if (parameters.listed == 1u) { row = rows[unit]; }
    if (!fits(offsets[row], offsets[row + 1u])) { results[row] = parameters.code; }
  }
}

// Where the text of each taken row starts, and its bytes.
struct Parameters { units: u32, each: u32, last_row: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;
@group(0) @binding(4) var<storage, read_write> lengths: array<u32>;

@compute @workgroup_size(threads)
fn take_spans(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let last = parameters.last_row;
  for (var i = start; i < end; i++) {
    let row = rows[i];
    let at = min(row, last);
    let from_byte = offsets[at];
    starts[i] = from_byte;
    lengths[i] = select(offsets[at + 1u] - from_byte, 0u, row == 0xffffffffu);
  }
}

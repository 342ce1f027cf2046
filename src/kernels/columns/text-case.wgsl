// A unit is a word of four bytes.
struct Parameters { units: u32, each: u32, count: u32, upper: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// Turns the letters of ASCII; other bytes stay.
@compute @workgroup_size(threads)
fn turn_case(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let from_first = select(0x3f3f3f3fu, 0x1f1f1f1fu, parameters.upper == 1u);
  let behind_last = select(0x25252525u, 0x05050505u, parameters.upper == 1u);
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    let bytes = values[at];
    let low = bytes & 0x7f7f7f7fu;
    let letters = (low + from_first) & ~(low + behind_last) & ~bytes & 0x80808080u;
    result[at] = bytes ^ (letters >> 2u);
  }
}

// A unit is a value of whole words.
struct Parameters { units: u32, each: u32, last_row: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<E>;
@group(0) @binding(3) var<storage, read_write> result: array<E>;

@compute @workgroup_size(threads)
fn take_values(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let last = parameters.last_row;
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    result[at] = source[min(rows[at], last) & 0x7fffffffu];
  }
}

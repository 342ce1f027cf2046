// A unit is a row of the source.
struct Parameters { units: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<E>;
@group(0) @binding(3) var<storage, read_write> result: array<E>;

@compute @workgroup_size(threads)
fn scatter_values(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var i = start; i < end; i++) {
    let row = rows[i];
    if (row != 0xffffffffu) {
      result[row] = source[i];
    }
  }
}

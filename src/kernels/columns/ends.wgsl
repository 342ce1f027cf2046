// Two offsets of a column of text, side by side.
struct Parameters { units: u32, each: u32, first: u32, last: u32, to: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(threads)
fn read_ends(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  if (first_unit(id, groups) == 0u) {
    result[parameters.to] = offsets[parameters.first];
    result[parameters.to + 1u] = offsets[parameters.last];
  }
}

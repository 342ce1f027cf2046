// Offsets of some rows of text, for text that starts elsewhere.
struct Parameters { units: u32, each: u32, first: u32, to: u32, added: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(threads)
fn move_offsets(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let first = parameters.first;
  let to = parameters.to;
  let added = parameters.added;
  for (var i = start; i < end; i++) {
    result[(to + i) & 0x7fffffffu] = offsets[(first + i) & 0x7fffffffu] + added;
  }
}

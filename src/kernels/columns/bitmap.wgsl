// A unit is a word of the result.
struct Parameters { units: u32, each: u32, value: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> left: array<u32>;
@group(0) @binding(2) var<storage, read> right: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(threads)
fn combine_bits(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let operation = parameters.value;
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    let a = left[at];
    let b = right[at];
    result[at] = select(select(a & b, a | b, operation == 1u), a & ~b, operation == 2u);
  }
}

@compute @workgroup_size(threads)
fn invert_bits(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var i = start; i < end; i++) {
    let at = i & 0x7fffffffu;
    result[at] = ~left[at];
  }
}

@compute @workgroup_size(threads)
fn fill_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var i = start; i < end; i++) {
    result[i & 0x7fffffffu] = parameters.value;
  }
}

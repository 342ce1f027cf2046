// Code points or bytes of each row, as 64-bit integers.
struct Parameters { units: u32, each: u32, words: u32, characters: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<vec2<u32>>;

@compute @workgroup_size(threads)
fn measure_text(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var row = start; row < end; row++) {
    let at = offsets[row];
    let last = offsets[row + 1u];
    var length = last - at;
    if (parameters.characters == 1u) {
      length = characters(at, last);
    }
    result[row] = vec2(length, 0u);
  }
}

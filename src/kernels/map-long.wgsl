// One thread walks a contiguous chunk; the compiler of a CPU device vectorises the walk.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn map(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  for (var i = first; i < last; i++) {
    result[i] = apply(i);
  }
}

// Folds the partial results of each output; there are at most a few hundred.
struct Parameters {
  outputs: u32, n: u32, inner: u32, parts: u32, chunk: u32, divisor: u32, lanes: u32, each: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(4) var<storage, read> partial_values: array<A>;

@compute @workgroup_size(64)
fn finish(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let out = id.x + id.y * groups.x * 64u;
  if (out < parameters.outputs) {
    var total = identity();
    for (var part = 0u; part < parameters.parts; part++) {
      total = combine(total, partial_values[part * parameters.outputs + out]);
    }
    emit(out, 0u, total);
  }
}

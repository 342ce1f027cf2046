// One element a thread, rows of workgroups past the limit of one dimension.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn map(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * 256u;
  if (i < parameters.count) {
    result[i] = apply(i);
  }
}

// Four flags become the bytes of a word.
struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> flags: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(64)
fn pack_flags(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  if (word < (parameters.count + 3u) / 4u) {
    var made = 0u;
    for (var k = 0u; k < 4u; k++) {
      let i = word * 4u + k;
      if (i < parameters.count && flags[min(i, parameters.count - 1u)] != 0u) {
        made |= 1u << (k * 8u);
      }
    }
    result[word] = made;
  }
}

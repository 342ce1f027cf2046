// Slots are the agents, then their children; those with a flag move to their places.
struct Parameters { units: u32, each: u32, count: u32, columns: u32, stride: u32, next_stride: u32, survivors: u32, next_id: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> children: array<u32>;
@group(0) @binding(3) var<storage, read> flags: array<u32>;
@group(0) @binding(4) var<storage, read> places: array<u32>;
@group(0) @binding(5) var<storage, read_write> result: array<u32>;
override threads = 64u;

@compute @workgroup_size(threads)
fn renew(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(first + parameters.each, parameters.units);
  for (var slot = first; slot < end; slot++) {
    if (flags[slot] == 1u) {
      let to = places[slot];
      if (slot < parameters.count) {
        for (var column = 0u; column < parameters.columns; column++) {
          result[column * parameters.next_stride + to] = state[column * parameters.stride + slot];
        }
      } else {
        result[to] = parameters.next_id + to - parameters.survivors;
        for (var column = 1u; column < parameters.columns; column++) {
          let child = (column - 1u) * parameters.count + slot - parameters.count;
          result[column * parameters.next_stride + to] = children[child];
        }
      }
    }
  }
}

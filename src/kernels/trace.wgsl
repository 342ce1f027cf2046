// One step of where values come from. What is known of a node: the source that reached it, after how many steps, and the
// strength of the way there as f32 bits: the product of factors and weights along it.
struct Parameters { nodes: u32, hop: u32, factor: f32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> row_starts: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> before: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> after: array<vec4<u32>>;
/// Looks for a stronger way also where one is known.
override strongest = false;
const none = 0xffffffffu;
const tiny = 7.888609052210118e-31f;

@compute @workgroup_size(64)
fn trace(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let node = id.x + id.y * groups.x * 64u;
  if (node >= p.nodes) {
    return;
  }
  var best = before[node];
  if (best.x == none || strongest) {
    var strength = bitcast<f32>(best.z);
    for (var at = row_starts[node]; at < row_starts[node + 1u]; at++) {
      let known = before[places[at]];
      if (known.x != none) {
        let way = kept(kept(abs(weights[at]) * p.factor) * bitcast<f32>(known.z));
        if (way > strength && way >= tiny) {
          strength = way;
          best = vec4(known.x, p.hop, bitcast<u32>(way), 0u);
        }
      }
    }
  }
  after[node] = best;
}

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> words: array<u64>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read> sorted: array<u32>;
@group(0) @binding(5) var<storage, read> segments: array<u32>;
@group(0) @binding(6) var<storage, read_write> order: array<u32>;
@group(0) @binding(7) var<storage, read_write> ranks: array<u32>;
@group(0) @binding(8) var<storage, read_write> open: array<u32>;

/// Rows take their places; what is equal so far and goes on stays open. A thread takes 32.
@compute @workgroup_size(64)
fn settle(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  let first = word * 32u;
  if (first >= parameters.count) { return; }
  let last = min(first + 32u, parameters.count);
  var bits = 0u;
  for (var at = first; at < last; at++) {
    let segment = segments[at];
    order[slots[at]] = sorted[at];
    ranks[sorted[at]] = segment;
    var has_equals = at > 0u && segments[max(at, 1u) - 1u] == segment;
    if (at + 1u < parameters.count) {
      has_equals = has_equals || segments[at + 1u] == segment;
    }
    let goes_on = (words[positions[at]] & 15lu) == 8lu;
    bits |= u32(has_equals && goes_on) << (at & 31u);
  }
  open[word] = bits;
}

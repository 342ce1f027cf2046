// Texts that are equal so far stand next to each other, as a segment with the number of its first place in the order.
struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> segments: array<u32>;
@group(0) @binding(5) var<storage, read_write> depths: array<u32>;
@group(0) @binding(6) var<storage, read_write> skips: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> order: array<u32>;
@group(0) @binding(8) var<storage, read_write> words: array<u64>;

const equal_to_the_end = 0xffffffffu;

fn byte_at(place: u32) -> u32 {
  return (values[place >> 2u] >> ((place & 3u) * 8u)) & 0xffu;
}

/// How many bytes after those that are known each segment's texts have in common.
@compute @workgroup_size(64)
fn find_skips(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= parameters.count) { return; }
  let segment = segments[at];
  let row = rows[at];
  let other = order[segment];
  if (row == other) { return; }
  let start = offsets[row] + depths[at];
  let other_start = offsets[other] + depths[at];
  let left = offsets[row + 1u] - start;
  let other_left = offsets[other + 1u] - other_start;
  let shorter = min(left, other_left);
  var same = 0u;
  while (same < shorter && byte_at(start + same) == byte_at(other_start + same)) {
    same += 1u;
  }
  if (same == left && same == other_left) { return; }
  if (same < atomicLoad(&skips[segment])) {
    atomicMin(&skips[segment], same);
  }
}

/// Seven bytes, the first one the highest, and how many more there are from the first one on, up to eight.
@compute @workgroup_size(64)
fn make_prefixes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= parameters.count) { return; }
  let skip = atomicLoad(&skips[segments[at]]);
  if (skip == equal_to_the_end) {
    words[at] = 0lu;
    return;
  }
  let row = rows[at];
  let depth = depths[at] + skip;
  let start = offsets[row] + depth;
  let left = offsets[row + 1u] - start;
  var word = 0lu;
  for (var k = 0u; k < 7u; k++) {
    var byte = 0u;
    if (k < left) { byte = byte_at(start + k); }
    word = (word << 8u) | u64(byte);
  }
  words[at] = (word << 4u) | u64(min(left, 8u));
  depths[at] = depth + 7u;
}

// Where each row starts, and its bytes, without the spaces (Unicode's category Zs) at its ends.
struct Parameters { units: u32, each: u32, words: u32, sides: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;
@group(0) @binding(4) var<storage, read_write> lengths: array<u32>;

/// Bytes of the space at a place; 0 where there is none.
fn space_at(at: u32, end: u32) -> u32 {
  let left = end - at;
  let bytes = four_bytes(at);
  if ((bytes & 0xffu) == 0x20u && left >= 1u) { return 1u; }
  if ((bytes & 0xffffu) == 0xa0c2u && left >= 2u) { return 2u; }
  if (left < 3u) { return 0u; }
  let three = bytes & 0xffffffu;
  let general = (three & 0xffffu) == 0x80e2u && (three >> 16u) >= 0x80u && (three >> 16u) <= 0x8au;
  let others = three == 0x809ae1u || three == 0xaf80e2u || three == 0x9f81e2u || three == 0x8080e3u;
  return select(0u, 3u, general || others);
}

@compute @workgroup_size(threads)
fn trim_text(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var row = start; row < end; row++) {
    var first = offsets[row];
    var last = offsets[row + 1u];
    if ((parameters.sides & 1u) == 1u) {
      while (first < last) {
        let bytes = space_at(first, last);
        if (bytes == 0u) { break; }
        first += bytes;
      }
    }
    if ((parameters.sides & 2u) == 2u) {
      while (first < last) {
        let byte = four_bytes(last - 1u) & 0xffu;
        var bytes = select(0u, 1u, byte == 0x20u);
        for (var k = 2u; byte > 0x7fu && k <= min(3u, last - first); k++) {
          if (space_at(last - k, last) == k) { bytes = k; }
        }
        if (bytes == 0u) { break; }
        last -= bytes;
      }
    }
    starts[row] = first;
    lengths[row] = last - first;
  }
}

// Whether a byte of some rows is no ASCII. A unit is a word of four bytes.
struct Parameters { units: u32, each: u32, count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> other: array<atomic<u32>>;

@compute @workgroup_size(threads)
fn find_other(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let first = offsets[0];
  let last = offsets[parameters.count];
  var found = 0u;
  for (var word = max(start, (first + 3u) / 4u); word < min(end, last / 4u); word++) {
    found |= values[word & 0x7fffffffu];
  }
  if (start < end && start == 0u && last > first) {
    for (var at = first; at < min(last, (first + 3u) / 4u * 4u); at++) {
      found |= (values[at / 4u] >> (at % 4u * 8u)) & 0xffu;
    }
    for (var at = max(first, last / 4u * 4u); at < last; at++) {
      found |= (values[at / 4u] >> (at % 4u * 8u)) & 0xffu;
    }
  }
  if ((found & 0x80808080u) != 0u) {
    atomicOr(&other[0], 1u);
  }
}

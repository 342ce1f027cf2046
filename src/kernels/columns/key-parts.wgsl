// For a CPU: keys go to 256 parts by the upper bits of their hash, so that a part's table fits a core's cache.
@group(0) @binding(2) var<storage, read_write> digits: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> found: array<u32>;
@group(0) @binding(6) var<storage, read_write> rows: array<u32>;

const parts = 256u;
const block = 64u;

@compute @workgroup_size(1)
fn count_digits(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var table: array<u32, parts>;
  var start = first;
  // A loop that only hashes becomes vector instructions.
  for (; start + block <= last; start += block) {
    var hashes: array<u32, block>;
    for (var k = 0u; k < block; k++) {
      hashes[k] = hash_of(start + k) >> 24u;
    }
    for (var k = 0u; k < block; k += 4u) {
      table[hashes[k]] += 1u;
      table[hashes[k + 1u]] += 1u;
      table[hashes[k + 2u]] += 1u;
      table[hashes[k + 3u]] += 1u;
      digits[(start + k) / 4u] =
        hashes[k] | (hashes[k + 1u] << 8u) | (hashes[k + 2u] << 16u) | (hashes[k + 3u] << 24u);
    }
  }
  for (; start < last; start += 4u) {
    var packed = 0u;
    for (var row = start; row < min(start + 4u, last); row++) {
      let digit = hash_of(row) >> 24u;
      table[digit] += 1u;
      packed |= digit << ((row - start) * 8u);
    }
    digits[start / 4u] = packed;
  }
  for (var digit = 0u; digit < parts; digit++) {
    counts[digit * parameters.chunks + id.x] = table[digit];
  }
}

@compute @workgroup_size(1)
fn part_keys(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var places: array<u32, parts>;
  for (var digit = 0u; digit < parts; digit++) {
    places[digit] = counts[digit * parameters.chunks + id.x];
  }
  for (var row = first; row < last; row++) {
    let digit = (digits[row / 4u] >> (row % 4u * 8u)) & 255u;
    let to = places[digit];
    places[digit] = to + 1u;
    copy_key(row, to);
  }
}

/// What the parts' tables found, back in the order of the rows.
@compute @workgroup_size(1)
fn restore_rows(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  var places: array<u32, parts>;
  for (var digit = 0u; digit < parts; digit++) {
    places[digit] = counts[digit * parameters.chunks + id.x];
  }
  for (var row = first; row < last; row++) {
    let digit = (digits[row / 4u] >> (row % 4u * 8u)) & 255u;
    let at = places[digit];
    places[digit] = at + 1u;
    rows[row] = found[at];
  }
}

// One key column into rows of words, or into codes that count what a row can be.
struct Packing {
  count: u32, each: u32, width: u32, at: u32, null_at: u32, null_bit: u32, is_first: u32,
  codes: u32, span: u32, null_code: u32, least_low: u32, least_high: u32, has_nulls: u32
}
@group(0) @binding(0) var<uniform> packing: Packing;
@group(0) @binding(3) var<storage, read_write> packed: array<u32>;

const none = 0xffffffffu;

fn first_of(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
  return ((group.x + group.y * groups.x) * threads + local) * packing.each;
}

/// The value's words, and 0 for null; whether it is null in a word that up to 32 columns share.
@compute @workgroup_size(threads)
fn pack_words(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = first_of(group, groups, local);
  let last = min(first + packing.each, packing.count);
  for (var row = first; row < last; row++) {
    let valid = is_valid_in(packing.has_nulls, row);
    let words = select(vec4(0u), words_of(row), valid);
    let to = row * packing.width;
    for (var k = 0u; k < value_words; k++) {
      packed[to + packing.at + k] = words[k];
    }
    if (packing.null_at != none) {
      let bit = select(packing.null_bit, 0u, valid);
      let before = select(packed[to + packing.null_at], 0u, packing.is_first != 0u);
      packed[to + packing.null_at] = before | bit;
    }
  }
}

/// Codes of the columns so far times `span`, plus the distance to the least value; `none` where that is no code.
@compute @workgroup_size(threads)
fn pack_codes(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = first_of(group, groups, local);
  let last = min(first + packing.each, packing.count);
  for (var row = first; row < last; row++) {
    var code = packing.null_code;
    if (is_valid_in(packing.has_nulls, row)) {
      let words = words_of(row);
      let low = words.x - packing.least_low;
      let high = words.y - packing.least_high - u32(words.x < packing.least_low);
      code = select(none, low, (value_words == 1u || high == 0u) && low < packing.codes);
    }
    if (packing.is_first == 0u && code != none) {
      let before = packed[row];
      code = select(before * packing.span + code, none, before == none);
    }
    packed[row] = code;
  }
}

// Puts a column's keys into words that are sorted: from the bit `shift` on, counted from the least key (or from the
// greatest, down), nulls as a value of their own.
struct Parameters {
  column: Column,
  count: u32,
  shift: u32,
  flags: u32,
  offset: u32,
  base: vec2<u32>,
  nulls: vec2<u32>,
  most: vec2<u32>,
  unused: vec2<u32>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(4) var<storage, read_write> words: array<W>;
@group(0) @binding(5) var<storage, read_write> mask: array<u32>;

const descends = 1u;
const adds = 2u;
const only_nulls = 4u;

fn field_of(row: u32) -> W {
  let key = key_of_row(row);
  let base = key_from(parameters.base);
  let down = (parameters.flags & descends) != 0u;
  var value = W(select(key - base, base - key, down)) + W(parameters.offset);
  if ((parameters.flags & only_nulls) != 0u) {
    value = W(parameters.offset);
  }
  if (!is_valid(row)) {
    value = word_from(parameters.nulls);
  }
  return value;
}

@compute @workgroup_size(64)
fn make_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= parameters.count) { return; }
  var value = field_of(row_at(at)) << parameters.shift;
  if ((parameters.flags & adds) != 0u) {
    value |= words[at];
  }
  words[at] = value;
}

/// Marks rows whose word is at most `most`. A thread makes 32 bits.
@compute @workgroup_size(64)
fn mark_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  let first = word * 32u;
  if (first >= parameters.count) { return; }
  let most = word_from(parameters.most);
  let last = parameters.count - 1u;
  var bits = 0u;
  for (var k = 0u; k < 32u; k++) {
    bits |= u32(field_of(min(first + k, last)) <= most) << k;
  }
  if (parameters.count - first < 32u) {
    bits &= (1u << (parameters.count - first)) - 1u;
  }
  mask[word] = bits;
}

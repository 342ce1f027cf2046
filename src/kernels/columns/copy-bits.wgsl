// Copies bits from anywhere to anywhere: a unit is a word of the result. Bits of its first word that lie before are kept.
/// What indices can be: below 2^31, compilers for processors see that their sums do not wrap.
override places = 0x7fffffffu;

struct Parameters { units: u32, each: u32, from_word: u32, shift: u32, source_words: u32, to_word: u32, keep: u32, before: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// The first word of the source may lie one before it: `before` is 1 then.
fn source_at(unit: u32) -> u32 {
  let at = parameters.from_word + unit;
  if (at < parameters.before) { return 0u; }
  return source[min(at - parameters.before, parameters.source_words - 1u)];
}

fn shifted(unit: u32) -> u32 {
  if (parameters.shift == 0u) { return source_at(unit); }
  return (source_at(unit) >> parameters.shift) | (source_at(unit + 1u) << (32u - parameters.shift));
}

fn copy_word(unit: u32) {
  let to = parameters.to_word + unit;
  var made = shifted(unit);
  if (unit == 0u && parameters.keep > 0u) {
    let kept = (1u << parameters.keep) - 1u;
    made = (result[to] & kept) | (made & ~kept);
  }
  result[to] = made;
}

@compute @workgroup_size(threads)
fn copy_bits(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  if (start >= end) { return; }
  copy_word(start);
  if (end - start > 1u) { copy_word(end - 1u); }
  let from_word = parameters.from_word - parameters.before;
  let to_word = parameters.to_word;
  if (parameters.shift == 0u) {
    for (var i = start + 1u; i + 1u < end; i++) {
      result[(to_word + i) & places] = source[(from_word + i) & places];
    }
  } else {
    let shift = parameters.shift;
    for (var i = start + 1u; i + 1u < end; i++) {
      let at = (from_word + i) & places;
      result[(to_word + i) & places] = (source[at] >> shift) | (source[at + 1u] << (32u - shift));
    }
  }
}

// Whether the text of a row, or as many bytes at its start or end, stands in an order to a pattern.
struct Parameters {
  units: u32, each: u32, count: u32, words: u32, pattern_bytes: u32, place: u32, accepted: u32, sized: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> pattern: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;

fn holds(row: u32) -> bool {
  var at = offsets[row];
  var length = offsets[row + 1u] - at;
  let wanted = parameters.pattern_bytes;
  if (parameters.place > 0u) {
    if (length < wanted) { return false; }
    at += select(0u, length - wanted, parameters.place == 2u);
    length = wanted;
  }
  if (parameters.sized == 1u && length != wanted) {
    return (parameters.accepted & 1u) == 1u;
  }
  let same = min(length, wanted);
  for (var i = 0u; i < same; i += 4u) {
    let left = same - i;
    let mask = select(0xffffffffu, (1u << ((left * 8u) & 31u)) - 1u, left < 4u);
    let a = four_bytes(at + i) & mask;
    let b = pattern[i / 4u] & mask;
    if (a != b) {
      return ((parameters.accepted >> select(2u, 0u, in_order(a) < in_order(b))) & 1u) == 1u;
    }
  }
  let order = select(select(1u, 2u, length > wanted), 0u, length < wanted);
  return ((parameters.accepted >> order) & 1u) == 1u;
}

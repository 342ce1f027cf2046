// Whether the texts of two columns stand in an order, row by row.
struct Parameters {
  units: u32, each: u32, count: u32, words: u32, right_words: u32, accepted: u32, sized: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> right_offsets: array<u32>;
@group(0) @binding(4) var<storage, read> right_values: array<u32>;
@group(0) @binding(5) var<storage, read_write> result: array<u32>;

fn holds(row: u32) -> bool {
  let at = offsets[row];
  let length = offsets[row + 1u] - at;
  let right_at = right_offsets[row];
  let right_length = right_offsets[row + 1u] - right_at;
  if (parameters.sized == 1u && length != right_length) {
    return (parameters.accepted & 1u) == 1u;
  }
  let same = min(length, right_length);
  for (var i = 0u; i < same; i += 4u) {
    let left = same - i;
    let mask = select(0xffffffffu, (1u << ((left * 8u) & 31u)) - 1u, left < 4u);
    let a = four_bytes(at + i) & mask;
    let b = four_right_bytes(right_at + i) & mask;
    if (a != b) {
      return ((parameters.accepted >> select(2u, 0u, in_order(a) < in_order(b))) & 1u) == 1u;
    }
  }
  let order = select(select(1u, 2u, length > right_length), 0u, length < right_length);
  return ((parameters.accepted >> order) & 1u) == 1u;
}


/// The top bit of each of four bytes that starts a code point.
fn starts_of(bytes: u32) -> u32 {
  return (~bytes | (bytes << 1u)) & 0x80808080u;
}

/// The same as far as there are so many bytes left.
fn starts_in(at: u32, end: u32) -> u32 {
  let left = end - at;
  let mask = select(0xffffffffu, (1u << ((left * 8u) & 31u)) - 1u, left < 4u);
  return starts_of(four_bytes(at)) & mask;
}

/// Goes over whole words, then leaves away what stands before and behind.
fn characters(start: u32, end: u32) -> u32 {
  if (start >= end) { return 0u; }
  let first = start / 4u;
  let last = (end - 1u) / 4u;
  var count = 0u;
  for (var word = first; word <= last; word++) {
    count += countOneBits(starts_of(values[word & 0x7fffffffu]));
  }
  let before = starts_of(values[first]) & ((1u << (start % 4u * 8u)) - 1u);
  let behind = starts_of(values[last]) & ~(0xffffffffu >> ((4u - end % 4u) % 4u * 8u));
  return count - countOneBits(before) - countOneBits(behind);
}

/// The byte where a code point starts that stands so many behind the first, or the end.
fn character_at(start: u32, end: u32, number: u32) -> u32 {
  var left = number;
  for (var at = start; at < end; at += 4u) {
    var found = starts_in(at, end);
    let count = countOneBits(found);
    if (left < count) {
      for (; left > 0u; left--) {
        found &= found - 1u;
      }
      return at + countTrailingZeros(found) / 8u;
    }
    left -= count;
  }
  return end;
}

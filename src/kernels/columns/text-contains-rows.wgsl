
fn holds(row: u32) -> bool {
  let end = offsets[row + 1u];
  for (var at = offsets[row]; at + parameters.pattern_bytes <= end; at += 4u) {
    for (var rest = zeros(differing(four_bytes(at), four_bytes(at + 4u))); rest != 0u; rest &= rest - 1u) {
      let place = at + countTrailingZeros(rest) / 8u;
      if (place + parameters.pattern_bytes <= end && is_at(place)) { return true; }
    }
  }
  return false;
}

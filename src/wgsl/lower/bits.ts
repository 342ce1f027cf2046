/** The bit functions, whose results are 64-bit values. */
export const bits = `
fn wide_count_one_bits(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(countOneBits(a.x) + countOneBits(a.y), 0u);
}

fn wide_count_leading_zeros(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u), 0u);
}

fn wide_count_trailing_zeros(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(select(countTrailingZeros(a.x), 32u + countTrailingZeros(a.y), a.x == 0u), 0u);
}

fn wide_first_leading_bit_u64(a: vec2<u32>) -> vec2<u32> {
  if (a.y != 0u) {
    return vec2<u32>(32u + firstLeadingBit(a.y), 0u);
  }
  return select(vec2<u32>(firstLeadingBit(a.x), 0u), vec2<u32>(0xffffffffu), a.x == 0u);
}

fn wide_first_leading_bit_i64(a: vec2<u32>) -> vec2<u32> {
  let sign = bitcast<u32>(bitcast<i32>(a.y) >> 31u);
  return wide_first_leading_bit_u64(a ^ vec2<u32>(sign));
}

fn wide_first_trailing_bit(a: vec2<u32>) -> vec2<u32> {
  if (a.x != 0u) {
    return vec2<u32>(firstTrailingBit(a.x), 0u);
  }
  return select(vec2<u32>(32u + firstTrailingBit(a.y), 0u), vec2<u32>(0xffffffffu), a.y == 0u);
}

fn wide_reverse_bits(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(reverseBits(a.y), reverseBits(a.x));
}
`;

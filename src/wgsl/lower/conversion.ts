/**
 * Conversions by bits, because WGSL leaves open how integers round to floats and what becomes of NaN. To f32: to
 * nearest, ties to even. From f32: to the nearest value that both types hold, NaN to the lowest.
 */
export const conversion = `
fn wide_from_i32(a: i32) -> vec2<u32> {
  return vec2<u32>(bitcast<u32>(a), bitcast<u32>(a >> 31u));
}

fn wide_f32_bits(a: vec2<u32>) -> u32 {
  let zeros = select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
  let scaled = wide_shift_left(a, zeros);
  let rest = (scaled.y & 0xffu) | u32(scaled.x != 0u);
  let mantissa = scaled.y >> 8u;
  let up = u32(rest > 0x80u || (rest == 0x80u && (mantissa & 1u) != 0u));
  return select(((189u - zeros) << 23u) + mantissa + up, 0u, zeros == 64u);
}

fn wide_u64_to_f32(a: vec2<u32>) -> f32 {
  return bitcast<f32>(wide_f32_bits(a));
}

fn wide_i64_to_f32(a: vec2<u32>) -> f32 {
  return bitcast<f32>(wide_f32_bits(wide_abs_i64(a)) | (a.y & 0x80000000u));
}

fn wide_truncated(bits: u32) -> vec2<u32> {
  let exponent = (bits >> 23u) & 0xffu;
  let mantissa = vec2<u32>((bits & 0x7fffffu) | 0x800000u, 0u);
  let whole = select(
    vec2<u32>(mantissa.x >> min(150u - exponent, 31u), 0u),
    wide_shift_left(mantissa, exponent - 150u),
    exponent > 150u,
  );
  return whole;
}

fn wide_f32_to_u64(a: f32) -> vec2<u32> {
  let bits = bitcast<u32>(a);
  if (bits > 0x7f800000u) {
    return vec2<u32>();
  }
  if (bits >= 0x5f800000u) {
    return vec2<u32>(0u, 0xffffff00u);
  }
  return wide_truncated(bits);
}

fn wide_f32_to_i64(a: f32) -> vec2<u32> {
  let bits = bitcast<u32>(a);
  let size = bits & 0x7fffffffu;
  let lowest = bits != size || size > 0x7f800000u;
  if (size >= 0x5f000000u) {
    return select(vec2<u32>(0u, 0x7fffff80u), vec2<u32>(0u, 0x80000000u), lowest);
  }
  let whole = wide_truncated(size);
  return select(whole, wide_negate(whole), lowest);
}
`;

fn decode_bf16(half: u32) -> f32 {
  return bitcast<f32>(half << 16u);
}

fn encode_bf16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
  return select(rounded, (bits >> 16u) | 0x40u, (bits & 0x7fffffffu) > 0x7f800000u);
}

fn decode_f16(half: u32) -> f32 {
  return unpack2x16float(half).x;
}

fn encode_f16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  let normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u;
  let shift = min(126u - (magnitude >> 23u), 31u);
  let mantissa = (magnitude & 0x7fffffu) | 0x800000u;
  let kept = mantissa >> shift;
  let rest = mantissa & ((1u << shift) - 1u);
  let tie = 1u << (shift - 1u);
  let small = kept + select(0u, 1u, rest > tie || (rest == tie && (kept & 1u) == 1u));
  var half = select(small, normal, magnitude >= 0x38800000u);
  half = select(half, 0u, magnitude < 0x33000000u);
  half = select(half, 0x7c00u, magnitude >= 0x477ff000u);
  half = select(half, 0x7e00u, magnitude > 0x7f800000u);
  return sign | half;
}

fn narrow_f16(x: f32) -> f32 {
  return decode_f16(encode_f16(x));
}

fn narrow_bf16(x: f32) -> f32 {
  return decode_bf16(encode_bf16(x));
}

fn narrow_i8(x: i32) -> i32 {
  return (x << 24u) >> 24u;
}

fn narrow_i16(x: i32) -> i32 {
  return (x << 16u) >> 16u;
}

fn narrow_u8(x: u32) -> u32 {
  return x & 0xffu;
}

fn narrow_u16(x: u32) -> u32 {
  return x & 0xffffu;
}

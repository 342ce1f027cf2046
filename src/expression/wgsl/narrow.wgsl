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

// What is below the smallest normal number is rounded by adding 0.5, whose last bit is f16's smallest step.
fn encode_f16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  let normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u;
  let small = bitcast<u32>(bitcast<f32>(magnitude) + 0.5) - 0x3f000000u;
  let finite = select(small, normal, magnitude >= 0x38800000u);
  let half = select(finite, select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u), magnitude >= 0x477ff000u);
  return ((bits >> 16u) & 0x8000u) | half;
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

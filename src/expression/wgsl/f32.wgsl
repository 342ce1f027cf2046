fn is_nan_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn is_infinite_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

// Not constants: WGSL's compilers refuse those that are NaN or infinite.
fn nan_f32(x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0u) | 0x7fc00000u);
}

fn infinity_f32(x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0u) | 0x7f800000u);
}

fn copy_sign_f32(x: f32, sign: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(sign) & 0x80000000u));
}

fn either_f32(a: f32, b: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b));
}

fn both_f32(a: f32, b: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b));
}

fn cast_f32_i32(x: f32) -> i32 {
  return select(select(i32(x), 2147483647, x >= 2147483648.0), 0, is_nan_f32(x));
}

fn cast_f32_u32(x: f32) -> u32 {
  return select(select(u32(x), 4294967295u, x >= 4294967296.0), 0u, is_nan_f32(x));
}

fn cast_f32_i64(x: f32) -> i64 {
  return select(select(i64(x), 9223372036854775807li, x >= 9223372036854775808.0), 0li, is_nan_f32(x));
}

fn cast_f32_u64(x: f32) -> u64 {
  return select(select(u64(x), 18446744073709551615lu, x >= 18446744073709551616.0), 0lu, is_nan_f32(x));
}

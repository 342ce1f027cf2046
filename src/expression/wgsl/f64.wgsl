fn is_nan_f64(x: f64) -> bool {
  return (bitcast<u64>(x) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu;
}

fn is_infinite_f64(x: f64) -> bool {
  return (bitcast<u64>(x) & 0x7ffffffffffffffflu) == 0x7ff0000000000000lu;
}

fn nan_f64(x: f64) -> f64 {
  return bitcast<f64>((bitcast<u64>(x) & 0lu) | 0x7ff8000000000000lu);
}

fn infinity_f64(x: f64) -> f64 {
  return bitcast<f64>((bitcast<u64>(x) & 0lu) | 0x7ff0000000000000lu);
}

fn copy_sign_f64(x: f64, sign: f64) -> f64 {
  return bitcast<f64>((bitcast<u64>(x) & 0x7ffffffffffffffflu) | (bitcast<u64>(sign) & 0x8000000000000000lu));
}

fn either_f64(a: f64, b: f64) -> f64 {
  return bitcast<f64>(bitcast<u64>(a) | bitcast<u64>(b));
}

fn both_f64(a: f64, b: f64) -> f64 {
  return bitcast<f64>(bitcast<u64>(a) & bitcast<u64>(b));
}

fn exp_f64(x: f64) -> f64 {
  return exp(x);
}

fn log_f64(x: f64) -> f64 {
  return log(x);
}

// Kahan's: how far `u` is off cancels out.
fn expm1_f64(x: f64) -> f64 {
  let u = exp(x);
  if (u == 1.0 || is_nan_f64(x) || is_infinite_f64(u)) {
    return select(x, u, is_infinite_f64(u));
  }
  if (u - 1.0 == -1.0) {
    return -1.0;
  }
  return (u - 1.0) * x / log(u);
}

fn log1p_f64(x: f64) -> f64 {
  let u = 1.0 + x;
  if (u == 1.0 || is_infinite_f64(x)) {
    return select(x, nan_f64(x), x < -1.0);
  }
  return log(u) * x / (u - 1.0);
}

fn remainder_f64(a: f64, b: f64) -> f64 {
  return a % b;
}

fn power_f64(a: f64, b: f64) -> f64 {
  return pow(a, b);
}

fn cast_f64_i32(x: f64) -> i32 {
  return select(i32(x), 0, is_nan_f64(x));
}

fn cast_f64_u32(x: f64) -> u32 {
  return select(u32(x), 0u, is_nan_f64(x));
}

fn cast_f64_i64(x: f64) -> i64 {
  return select(select(i64(x), 9223372036854775807li, x >= 9223372036854775808.0), 0li, is_nan_f64(x));
}

fn cast_f64_u64(x: f64) -> u64 {
  return select(select(u64(x), 18446744073709551615lu, x >= 18446744073709551616.0), 0lu, is_nan_f64(x));
}

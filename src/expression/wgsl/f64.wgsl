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
  if (u == 1.0) {
    return x;
  }
  if (!(x > -1.0) || x > 1e16) {
    return log(u);
  }
  return log(u) * (x / (u - 1.0));
}

// C's fmod, by long division of the mantissas.
fn remainder_f64(a: f64, b: f64) -> f64 {
  let x = bitcast<u64>(a) & 0x7ffffffffffffffflu;
  let y = bitcast<u64>(b) & 0x7ffffffffffffffflu;
  if (x >= 0x7ff0000000000000lu || y == 0lu || y > 0x7ff0000000000000lu) {
    return nan_f64(a);
  }
  if (x < y) {
    return a;
  }
  let exponent_x = max(u32(x >> 52u), 1u);
  let exponent_y = max(u32(y >> 52u), 1u);
  let divisor = (y & 0xffffffffffffflu) | select(0lu, 0x10000000000000lu, y >= 0x10000000000000lu);
  var rest = ((x & 0xffffffffffffflu) | select(0lu, 0x10000000000000lu, x >= 0x10000000000000lu)) % divisor;
  for (var left = exponent_x - exponent_y; left > 0u && rest != 0lu; left -= min(left, 11u)) {
    rest = (rest << min(left, 11u)) % divisor;
  }
  let shift = min(u32(countLeadingZeros(rest)) - 11u, exponent_y - 1u);
  let mantissa = rest << shift;
  let exponent = select(0u, exponent_y - shift, mantissa >= 0x10000000000000lu);
  let size = select((mantissa & 0xffffffffffffflu) | (u64(exponent) << 52u), 0lu, rest == 0lu);
  return bitcast<f64>(size | (bitcast<u64>(a) & 0x8000000000000000lu));
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

// A series of positive terms, and from 3 on a continued fraction for what is missing to 1: Abramowitz and Stegun 7.1.6
// and 7.1.14.
fn erf_f64(x: f64) -> f64 {
  let a = abs(x);
  if (is_nan_f64(x)) {
    return x;
  }
  if (a > 6.0) {
    return copy_sign_f64(1.0, x);
  }
  if (a < 3.0) {
    var term = a;
    var sum = a;
    for (var n = 1u; n < 64u; n++) {
      term *= 2.0 * a * a / f64(2u * n + 1u);
      sum += term;
    }
    return copy_sign_f64(1.1283791670955125739 * exp_f64(-a * a) * sum, x);
  }
  var fraction = a;
  for (var n = 60u; n > 0u; n--) {
    fraction = a + 0.5 * f64(n) / fraction;
  }
  return copy_sign_f64(1.0 - 0.5641895835477562869 * exp_f64(-a * a) / fraction, x);
}

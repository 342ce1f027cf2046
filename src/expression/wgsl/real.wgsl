// For f32 and for f64: `real` stands for the type.

fn sign_real(x: real) -> real {
  return select(select(select(real(0.0), real(1.0), x > 0.0), real(-1.0), x < 0.0), x, is_nan_real(x));
}

fn minimum_real(a: real, b: real) -> real {
  let less = select(b, a, a < b);
  let ordered = select(less, either_real(a, b), a == b);
  return select(ordered, a + b, is_nan_real(a) || is_nan_real(b));
}

fn maximum_real(a: real, b: real) -> real {
  let more = select(b, a, a > b);
  let ordered = select(more, both_real(a, b), a == b);
  return select(ordered, a + b, is_nan_real(a) || is_nan_real(b));
}

fn modulo_real(a: real, b: real) -> real {
  let r = remainder_real(a, b);
  if (r == 0.0) {
    return copy_sign_real(r, b);
  }
  return select(r, r + b, (r < 0.0) != (b < 0.0));
}

// As Python's and NumPy's, so that a = floorDivide * b + modulo, about.
fn floor_divide_real(a: real, b: real) -> real {
  if (b == 0.0) {
    return a / b;
  }
  let r = remainder_real(a, b);
  var q = (a - r) / b;
  if (r != 0.0 && (r < 0.0) != (b < 0.0)) {
    q -= 1.0;
  }
  if (q == 0.0) {
    return copy_sign_real(q, a / b);
  }
  let whole = floor(q);
  return select(whole, whole + 1.0, q - whole > 0.5);
}

fn cosh_real(x: real) -> real {
  let a = abs(x);
  if (a > 20.0) {
    let half = exp_real(a * 0.5);
    return half * 0.5 * half;
  }
  let e = exp_real(a);
  return 0.5 * e + 0.5 / e;
}

fn sinh_real(x: real) -> real {
  let a = abs(x);
  if (a > 20.0) {
    let half = exp_real(a * 0.5);
    return copy_sign_real(half * 0.5 * half, x);
  }
  let e = expm1_real(a);
  return copy_sign_real(0.5 * (e + e / (e + 1.0)), x);
}

fn tanh_real(x: real) -> real {
  let e = expm1_real(-2.0 * abs(x));
  return copy_sign_real(-e / (e + 2.0), x);
}

fn asinh_real(x: real) -> real {
  let a = abs(x);
  if (a > 268435456.0) {
    return copy_sign_real(log_real(a) + 0.6931471805599453094, x);
  }
  return copy_sign_real(log1p_real(a + a * a / (1.0 + sqrt(a * a + 1.0))), x);
}

fn acosh_real(x: real) -> real {
  if (x < 1.0) {
    return nan_real(x);
  }
  if (x > 268435456.0) {
    return log_real(x) + 0.6931471805599453094;
  }
  let t = x - 1.0;
  return log1p_real(t + sqrt(2.0 * t + t * t));
}

fn atanh_real(x: real) -> real {
  let a = abs(x);
  if (a > 1.0) {
    return nan_real(x);
  }
  return copy_sign_real(0.5 * log1p_real(2.0 * a / (1.0 - a)), x);
}

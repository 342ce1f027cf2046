// Functions of f32 from additions, multiplications, divisions and bits alone, so that they are as accurate on every device:
// polynomials are minimax fits on the reduced range. No product that must be exact needs more than 24 bits, so that fusing
// it with an addition changes nothing.

// The same number, of which a compiler does not know that it is a sum: WGSL lets it turn `(x + c) - c` into `x`.
fn kept_f32(x: f32) -> f32 {
  return bitcast<f32>(max(bitcast<u32>(x), 1u));
}

fn scale_f32(x: f32, power: i32) -> f32 {
  let half = power >> 1u;
  return x * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((power - half + 127) << 23u);
}

fn exp_f32(x: f32) -> f32 {
  let bounded = min(max(x, -104.0), 89.0);
  let shifted = kept_f32(bounded * 1.44269504 + 12582912.0);
  let k = shifted - 12582912.0;
  let r = bounded - k * 0.693359375 + k * 2.12194440e-4;
  let e = 1.0 + (r + r * r * ((((0.0013951718574389815 * r + 0.008369598537683487) * r + 0.0416661873459816) * r + 0.16666512191295624) * r + 0.5));
  return select(scale_f32(e, bitcast<i32>(shifted) - 0x4b400000), x, is_nan_f32(x));
}

fn expm1_f32(x: f32) -> f32 {
  let bounded = min(max(x, -18.0), 89.0);
  let shifted = kept_f32(bounded * 1.44269504 + 12582912.0);
  let k = shifted - 12582912.0;
  let r = bounded - k * 0.693359375 + k * 2.12194440e-4;
  let e = r + r * r * (((((0.0001991542085306719 * r + 0.0013942050281912088) * r + 0.008333271369338036) * r + 0.04166634380817413) * r + 0.1666666716337204) * r + 0.5);
  let half = bitcast<f32>((bitcast<i32>(shifted) - 0x4b400000 + 126) << 23u);
  let result = 2.0 * (half * e + (half - 0.5));
  return select(result, x, abs(x) < 5.9604645e-8 || is_nan_f32(x));
}

// log(x) = exponent * log(2) + mantissa, for x greater than 0: vec2(exponent, mantissa).
fn split_log_f32(x: f32) -> vec2<f32> {
  let small = x < 1.17549435e-38;
  let bits = bitcast<i32>(select(x, x * 8388608.0, small));
  let k = (bits - 0x3f3504f3) >> 23u;
  let f = bitcast<f32>(bits - (k << 23u)) - 1.0;
  let p = f * f * f * ((((((((0.06916575133800507 * f - 0.11811303347349167) * f + 0.11883500963449478) * f - 0.12381582707166672) * f + 0.14216987788677216) * f - 0.16669347882270813) * f + 0.20002305507659912) * f - 0.24999985098838806) * f + 0.3333331048488617);
  return vec2<f32>(f32(k) - select(0.0, 23.0, small), f - (0.5 * f * f - p));
}

fn log_edges_f32(result: f32, x: f32) -> f32 {
  let finite = select(result, x, x == infinity_f32(x) || is_nan_f32(x));
  let positive = select(finite, -infinity_f32(x), x == 0.0);
  return select(positive, nan_f32(x), x < 0.0);
}

fn log_f32(x: f32) -> f32 {
  let parts = split_log_f32(x);
  return log_edges_f32(parts.x * 0.693359375 + (parts.y - parts.x * 2.12194440e-4), x);
}

fn log2_f32(x: f32) -> f32 {
  let parts = split_log_f32(x);
  return log_edges_f32(parts.x + parts.y * 1.44269504, x);
}

fn log1p_f32(x: f32) -> f32 {
  let u = kept_f32(1.0 + x);
  let missing = (x - (u - 1.0)) / u;
  let result = log_f32(u) + select(missing, 0.0, !(x > -1.0) || is_infinite_f32(u));
  return select(select(result, x, abs(x) < 2.9802322e-8), -infinity_f32(x), x == -1.0);
}

fn two_over_pi_f32(word: u32) -> u32 {
  switch word {
    case 1u: { return 0xa2f9836eu; }
    case 2u: { return 0x4e441529u; }
    case 3u: { return 0xfc2757d1u; }
    case 4u: { return 0xf534ddc0u; }
    case 5u: { return 0xdb629599u; }
    case 6u: { return 0x3c439041u; }
    case 7u: { return 0xfe5163abu; }
    default: { return 0u; }
  }
}

// x = quarter * pi/2 + rest: vec2(rest, quarter modulo 4). Payne and Hanek 1983, in integers.
fn quarters_f32(x: f32) -> vec2<f32> {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits <= 0x3f490fdbu) {
    return vec2<f32>(x, 0.0);
  }
  if (bits >= 0x7f800000u) {
    return vec2<f32>(nan_f32(x), 0.0);
  }
  let start = (bits >> 23u) - 120u;
  let word = start >> 5u;
  let shift = start & 31u;
  let t0 = u64(two_over_pi_f32(word)) << 32u;
  let t1 = u64(two_over_pi_f32(word + 1u));
  let t2 = u64(two_over_pi_f32(word + 2u));
  let t3 = u64(two_over_pi_f32(word + 3u));
  let w0 = ((t0 | t1) << shift) >> 32u;
  let w1 = (((t1 << 32u) | t2) << shift) >> 32u;
  let w2 = (((t2 << 32u) | t3) << shift) >> 32u;
  let m = u64((bits & 0x7fffffu) | 0x800000u);
  let turns = ((m * w0) << 32u) + m * w1 + ((m * w2) >> 32u);
  let quarter = (turns + 0x2000000000000000lu) >> 62u;
  let rest = f32(bitcast<i64>(turns - (quarter << 62u))) * 3.4061215800304864e-19;
  let negative = x < 0.0;
  let count = select(quarter, 4lu - quarter, negative) & 3lu;
  return vec2<f32>(select(rest, -rest, negative), f32(u32(count)));
}

fn sin_near_f32(x: f32) -> f32 {
  let z = x * x;
  return x + x * z * (((2.7179398784937803e-06 * z - 0.00019839295418933034) * z + 0.008333329111337662) * z - 0.1666666716337204);
}

fn cos_near_f32(x: f32) -> f32 {
  let z = x * x;
  return 1.0 - (0.5 * z - z * z * (((-2.720678651257913e-07 * z + 2.4799479433568195e-05) * z - 0.0013888883404433727) * z + 0.0416666679084301));
}

fn sin_f32(x: f32) -> f32 {
  let parts = quarters_f32(x);
  let quarter = u32(parts.y);
  let value = select(sin_near_f32(parts.x), cos_near_f32(parts.x), (quarter & 1u) != 0u);
  return select(value, -value, (quarter & 2u) != 0u);
}

fn cos_f32(x: f32) -> f32 {
  let parts = quarters_f32(x);
  let quarter = u32(parts.y);
  let value = select(cos_near_f32(parts.x), sin_near_f32(parts.x), (quarter & 1u) != 0u);
  return select(value, -value, ((quarter + 1u) & 2u) != 0u);
}

fn tan_f32(x: f32) -> f32 {
  let parts = quarters_f32(x);
  let s = sin_near_f32(parts.x);
  let c = cos_near_f32(parts.x);
  return select(s / c, -c / s, (u32(parts.y) & 1u) != 0u);
}

fn atan_f32(x: f32) -> f32 {
  let a = abs(x);
  let far = a > 2.41421356;
  let near = a <= 0.414213562;
  let t = select(select((a - 1.0) / (a + 1.0), -1.0 / a, far), a, near);
  let base = select(select(0.785398163, 1.57079633, far), 0.0, near);
  let missing = select(select(-2.1855694e-8, -4.3711388e-8, far), 0.0, near);
  let z = t * t;
  let sum = base + ((t + t * z * ((((-0.060605280101299286 * z + 0.10587363690137863) * z - 0.14242741465568542) * z + 0.1999843418598175) * z - 0.3333331346511841)) + missing);
  return copy_sign_f32(sum, x);
}

fn atan2_f32(y: f32, x: f32) -> f32 {
  let a = abs(x);
  let b = abs(y);
  let right = select(atan_f32(b / a), select(0.785398163, 0.0, a == 0.0), a == b);
  let left = 3.14159274 - (right + 8.7422777e-8);
  let angle = copy_sign_f32(select(right, left, (bitcast<u32>(x) >> 31u) != 0u), y);
  return select(angle, nan_f32(x), is_nan_f32(x) || is_nan_f32(y));
}

fn asin_near_f32(x: f32, z: f32) -> f32 {
  return x + x * z * (((((0.03789114952087402 * z + 0.014180121012032032) * z + 0.03187369555234909) * z + 0.04450935870409012) * z + 0.0750054195523262) * z + 0.16666659712791443);
}

fn asin_f32(x: f32) -> f32 {
  let a = abs(x);
  let z = select(0.5 * (1.0 - a), a * a, a <= 0.5);
  let near = asin_near_f32(select(sqrt(max(z, 0.0)), a, a <= 0.5), z);
  let angle = select(1.57079633 - (2.0 * near + 4.3711388e-8), near, a <= 0.5);
  return select(copy_sign_f32(angle, x), nan_f32(x), !(a <= 1.0));
}

fn acos_f32(x: f32) -> f32 {
  let a = abs(x);
  let z = select(0.5 * (1.0 - a), a * a, a <= 0.5);
  let near = asin_near_f32(select(sqrt(max(z, 0.0)), x, a <= 0.5), z);
  let far = select(2.0 * near, 3.14159274 - (2.0 * near + 8.7422777e-8), x < 0.0);
  return select(select(far, 1.57079633 - (near + 4.3711388e-8), a <= 0.5), nan_f32(x), !(a <= 1.0));
}

fn erf_f32(x: f32) -> f32 {
  let z = x * x;
  let near = x + x * ((((((7.856473530409858e-05 * z - 0.0008011841564439237) * z + 0.005188613198697567) * z - 0.02685401402413845) * z + 0.11283591389656067) * z - 0.3761262595653534) * z + 0.12837916709551256);
  let a = min(abs(x), 4.0);
  let far = copy_sign_f32(1.0 - exp_f32((((((0.00018797209486365318 * a - 0.0029640099965035915) * a + 0.021906491369009018) * a - 0.1032562330365181) * a - 0.6379649639129639) * a - 1.1272022724151611) * a - 0.00031246483558788896), x);
  return select(select(far, near, abs(x) < 1.0), x, is_nan_f32(x));
}

fn leading_f32(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// |x| to the power y for x neither 0 nor infinite nor NaN: the logarithm in two parts of 12 and more bits.
fn power_near_f32(x: f32, power: f32) -> f32 {
  let y = min(max(power, -4294967296.0), 4294967296.0);
  let small = x < 1.17549435e-38;
  let bits = bitcast<i32>(select(x, x * 16777216.0, small));
  let exponent = (bits - 0x3f3504f3) >> 23u;
  let k = f32(exponent) - select(0.0, 24.0, small);
  let m = bitcast<f32>(bits - (exponent << 23u));
  let f = m - 1.0;
  let d = m + 1.0;
  let leading_d = leading_f32(d);
  let s = leading_f32(f / d);
  let rest_s = ((f - s * leading_d) - s * (m - (leading_d - 1.0))) / d;
  let whole = s + rest_s;
  let z = whole * whole;
  let p = whole * z * (((0.11798166483640671 * z + 0.1426830142736435) * z + 0.20000173151493073) * z + 0.3333333134651184);
  let scaled = s * 2.884765625;
  let high = kept_f32(k + scaled);
  let low = (scaled - (high - k)) + (s * 6.2445678e-4 + 2.88539008 * (rest_s + p));
  let log_high = leading_f32(high + low);
  let log_low = (high - log_high) + low;
  let leading_y = leading_f32(y);
  let product = leading_y * log_high;
  let rest = (y - leading_y) * log_high + y * log_low;
  let n = min(max(round(product + rest), -160.0), 160.0);
  let r = min(max((product - n) + rest, -1.0), 1.0);
  let e = 1.0 + r * (((((0.00015477652777917683 * r + 0.0013401615433394909) * r + 0.009617999196052551) * r + 0.0555032454431057) * r + 0.24022650718688965) * r + 0.6931471824645996);
  let far = select(scale_f32(e, i32(n)), infinity_f32(x), n >= 129.0);
  return select(far, 0.0, n <= -151.0);
}

fn power_f32(x: f32, y: f32) -> f32 {
  let a = abs(x);
  if (y == 0.0 || x == 1.0) {
    return 1.0;
  }
  if (is_nan_f32(x) || is_nan_f32(y)) {
    return nan_f32(x);
  }
  let whole = trunc(y) == y;
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) != 0;
  var size: f32;
  if (a == 1.0) {
    size = 1.0;
  } else if (a == 0.0 || is_infinite_f32(x) || is_infinite_f32(y)) {
    size = select(0.0, infinity_f32(x), (a > 1.0) == (y > 0.0));
  } else {
    size = power_near_f32(a, y);
  }
  if (x < 0.0 && !whole && !is_infinite_f32(x)) {
    return nan_f32(x);
  }
  return select(size, -size, odd && (bitcast<u32>(x) >> 31u) != 0u);
}

// C's fmod, by long division of the mantissas.
fn remainder_f32(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y == 0u || y > 0x7f800000u) {
    return nan_f32(a);
  }
  if (x < y) {
    return a;
  }
  let exponent_x = max(x >> 23u, 1u);
  let exponent_y = max(y >> 23u, 1u);
  let divisor = (y & 0x7fffffu) | select(0u, 0x800000u, y >= 0x800000u);
  var rest = ((x & 0x7fffffu) | select(0u, 0x800000u, x >= 0x800000u)) % divisor;
  for (var left = exponent_x - exponent_y; left > 0u && rest != 0u; left -= min(left, 8u)) {
    rest = (rest << min(left, 8u)) % divisor;
  }
  let shift = min(countLeadingZeros(rest) - 8u, exponent_y - 1u);
  let mantissa = rest << shift;
  let exponent = select(0u, exponent_y - shift, mantissa >= 0x800000u);
  let size = select((mantissa & 0x7fffffu) | (exponent << 23u), 0u, rest == 0u);
  return bitcast<f32>(size | (bitcast<u32>(a) & 0x80000000u));
}

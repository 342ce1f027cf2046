/**
 * Long division with 16-bit digits, and the estimate that reduces a divisor of two words to one: Knuth's algorithm D as
 * in Warren, Hacker's Delight, 2nd edition, 9-4 and 9-5.
 */
export const division = `
fn wide_quotient_digit(remainder: u32, next: u32, divisor: u32) -> u32 {
  let high = divisor >> 16u;
  let low = divisor & 0xffffu;
  var digit = remainder / high;
  var rest = remainder - digit * high;
  if (digit > 0xffffu || digit * low > ((rest << 16u) | next)) {
    digit -= 1u;
    rest += high;
    if (rest <= 0xffffu && (digit > 0xffffu || digit * low > ((rest << 16u) | next))) {
      digit -= 1u;
    }
  }
  return digit;
}

fn wide_quotient_word(high: u32, low: u32, divisor: u32) -> u32 {
  let shift = countLeadingZeros(divisor);
  let scaled = divisor << shift;
  let top = (high << shift) | ((low >> 1u) >> (31u - shift));
  let rest = low << shift;
  let first = wide_quotient_digit(top, rest >> 16u, scaled);
  let remainder = ((top << 16u) | (rest >> 16u)) - first * scaled;
  return (first << 16u) + wide_quotient_digit(remainder, rest & 0xffffu, scaled);
}

fn wide_scale(a: vec2<u32>, factor: u32) -> vec2<u32> {
  let low = wide_product(a.x, factor);
  return vec2<u32>(low.x, low.y + a.y * factor);
}

fn wide_divide_u64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  if (b.y == 0u) {
    if (a.y == 0u) {
      return vec2<u32>(a.x / b.x, 0u);
    }
    if (b.x == 0u) {
      return a;
    }
    let high = a.y / b.x;
    let rest = a.y - high * b.x;
    if (b.x > 0xffffu) {
      return vec2<u32>(wide_quotient_word(rest, a.x, b.x), high);
    }
    let upper = (rest << 16u) | (a.x >> 16u);
    let middle = upper / b.x;
    let lower = ((upper - middle * b.x) << 16u) | (a.x & 0xffffu);
    return vec2<u32>((middle << 16u) | (lower / b.x), high);
  }
  let shift = countLeadingZeros(b.y);
  let scaled = (b.y << shift) | ((b.x >> 1u) >> (31u - shift));
  let estimate = wide_quotient_word(a.y >> 1u, (a.y << 31u) | (a.x >> 1u), scaled) >> (31u - shift);
  let low = estimate - u32(estimate != 0u);
  let rest = wide_subtract(a, wide_scale(b, low));
  return vec2<u32>(low + u32(!wide_less_u64(rest, b)), 0u);
}

fn wide_remainder_u64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  if (a.y == 0u && b.y == 0u) {
    return vec2<u32>(a.x % b.x, 0u);
  }
  let rest = wide_subtract(a, wide_multiply(wide_divide_u64(a, b), b));
  return select(rest, vec2<u32>(), (b.x | b.y) == 0u);
}

fn wide_divide_i64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let quotient = wide_divide_u64(wide_abs_i64(a), wide_abs_i64(b));
  return select(quotient, wide_negate(quotient), bitcast<i32>(a.y ^ b.y) < 0);
}

fn wide_remainder_i64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let remainder = wide_remainder_u64(wide_abs_i64(a), wide_abs_i64(b));
  return select(remainder, wide_negate(remainder), bitcast<i32>(a.y) < 0);
}
`;

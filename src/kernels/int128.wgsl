// 128-bit integers as four u32 limbs, lowest first, two's complement; and accumulators that add them exactly.

/// `value`, and whether the exact result did not fit 128 bits.
struct Checked128 { value: vec4<u32>, overflow: bool }

/// The limbs of an i64 given as its two words, lowest first: `bitcast<vec2<u32>>(x)`.
fn i128_from_i64(words: vec2<u32>) -> vec4<u32> {
  return vec4(words, vec2(u32(bitcast<i32>(words.y) >> 31u)));
}

fn i128_from_u64(words: vec2<u32>) -> vec4<u32> {
  return vec4(words, vec2(0u));
}

fn i128_is_negative(a: vec4<u32>) -> bool {
  return (a.w >> 31u) == 1u;
}

/// `a + b + carry`, where the carry is 0 or 1.
fn i128_add_carrying(a: vec4<u32>, b: vec4<u32>, carry: u32) -> vec4<u32> {
  let x = a.x + b.x + carry;
  let carry_x = select(u32(x < a.x), u32(x <= a.x), carry == 1u);
  let y = a.y + b.y + carry_x;
  let carry_y = select(u32(y < a.y), u32(y <= a.y), carry_x == 1u);
  let z = a.z + b.z + carry_y;
  let carry_z = select(u32(z < a.z), u32(z <= a.z), carry_y == 1u);
  return vec4(x, y, z, a.w + b.w + carry_z);
}

fn i128_add(a: vec4<u32>, b: vec4<u32>) -> Checked128 {
  let sum = i128_add_carrying(a, b, 0u);
  let overflow = i128_is_negative(a) == i128_is_negative(b) && i128_is_negative(sum) != i128_is_negative(a);
  return Checked128(sum, overflow);
}

fn i128_subtract(a: vec4<u32>, b: vec4<u32>) -> Checked128 {
  let difference = i128_add_carrying(a, ~b, 1u);
  let overflow =
    i128_is_negative(a) != i128_is_negative(b) && i128_is_negative(difference) != i128_is_negative(a);
  return Checked128(difference, overflow);
}

fn i128_less(a: vec4<u32>, b: vec4<u32>) -> bool {
  let high_a = a.w ^ 0x80000000u;
  let high_b = b.w ^ 0x80000000u;
  if (high_a != high_b) { return high_a < high_b; }
  if (a.z != b.z) { return a.z < b.z; }
  if (a.y != b.y) { return a.y < b.y; }
  return a.x < b.x;
}

/// The 64-bit product of two words, lowest first.
fn u32_product(a: u32, b: u32) -> vec2<u32> {
  let low_low = (a & 0xffffu) * (b & 0xffffu);
  let low_high = (a & 0xffffu) * (b >> 16u);
  let high_low = (a >> 16u) * (b & 0xffffu);
  let middle = (low_low >> 16u) + (low_high & 0xffffu) + (high_low & 0xffffu);
  let high = (a >> 16u) * (b >> 16u) + (low_high >> 16u) + (high_low >> 16u) + (middle >> 16u);
  return vec2((low_low & 0xffffu) | (middle << 16u), high);
}

/// The product of two i64, which always fits.
fn i128_product(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
  let low = u32_product(a.x, b.x);
  let cross = u32_product(a.x, b.y);
  let cross_other = u32_product(a.y, b.x);
  let high = u32_product(a.y, b.y);
  var product = vec4(low, high);
  product = i128_add_carrying(product, vec4(0u, cross, 0u), 0u);
  product = i128_add_carrying(product, vec4(0u, cross_other, 0u), 0u);
  // As unsigned numbers, a negative factor is 2^64 too large: the other factor was added 2^64 times too often.
  let minus_b = select(vec2(0u), b, (a.y >> 31u) == 1u);
  let minus_a = select(vec2(0u), a, (b.y >> 31u) == 1u);
  product = i128_add_carrying(product, ~vec4(0u, 0u, minus_b), 1u);
  return i128_add_carrying(product, ~vec4(0u, 0u, minus_a), 1u);
}

/// A sum in the making: each limb by itself, and how often it overflowed. The exact value is the sum of
/// `limbs[i] * 2^(32 i) + carries[i] * 2^(32 i + 32)`; it stays exact for up to 2^31 terms, in any order.
struct Accumulator128 { limbs: vec4<u32>, carries: vec4<i32> }

fn accumulator_add(sum: Accumulator128, value: vec4<u32>) -> Accumulator128 {
  let limbs = sum.limbs + value;
  var carries = sum.carries + vec4<i32>(limbs < value);
  carries.w -= i32(value.w >> 31u);
  return Accumulator128(limbs, carries);
}

/// Adds an i64 given as its two words.
fn accumulator_add_i64(sum: Accumulator128, value: vec2<u32>) -> Accumulator128 {
  let limbs = sum.limbs.xy + value;
  var carries = sum.carries.xy + vec2<i32>(limbs < value);
  carries.y -= i32(value.y >> 31u);
  return Accumulator128(vec4(limbs, sum.limbs.zw), vec4(carries, sum.carries.zw));
}

/// Adds a u64 given as its two words.
fn accumulator_add_u64(sum: Accumulator128, value: vec2<u32>) -> Accumulator128 {
  let limbs = sum.limbs.xy + value;
  let carries = sum.carries.xy + vec2<i32>(limbs < value);
  return Accumulator128(vec4(limbs, sum.limbs.zw), vec4(carries, sum.carries.zw));
}

fn accumulator_merge(a: Accumulator128, b: Accumulator128) -> Accumulator128 {
  let limbs = a.limbs + b.limbs;
  return Accumulator128(limbs, a.carries + b.carries + vec4<i32>(limbs < a.limbs));
}

/// The sum, and whether it does not fit 128 bits.
fn accumulator_result(sum: Accumulator128) -> Checked128 {
  var value = sum.limbs;
  var carry = sum.carries.x;
  for (var at = 1u; at < 4u; at++) {
    let limb = value[at] + u32(carry);
    let out = i32(limb < value[at]) - i32(carry < 0);
    value[at] = limb;
    carry = sum.carries[at] + out;
  }
  return Checked128(value, carry != bitcast<i32>(value.w) >> 31u);
}

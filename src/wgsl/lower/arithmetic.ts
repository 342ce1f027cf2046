/** 64-bit integers as `vec2<u32>`, the low word first: arithmetic, shifts and comparisons. */
export const arithmetic = `
fn wide_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2<u32>(low, a.y + b.y + u32(low < a.x));
}

fn wide_subtract(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

fn wide_negate(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(0u - a.x, ~a.y + u32(a.x == 0u));
}

fn wide_product(a: u32, b: u32) -> vec2<u32> {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let first = a_high * b_low + ((a_low * b_low) >> 16u);
  let second = a_low * b_high + (first & 0xffffu);
  return vec2<u32>(a * b, a_high * b_high + (first >> 16u) + (second >> 16u));
}

fn wide_multiply(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = wide_product(a.x, b.x);
  return vec2<u32>(low.x, low.y + a.x * b.y + a.y * b.x);
}

fn wide_shift_left(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 31u;
  let near = vec2<u32>(a.x << n, (a.y << n) | ((a.x >> 1u) >> (31u - n)));
  return select(near, vec2<u32>(0u, near.x), (count & 32u) != 0u);
}

fn wide_shift_right_u64(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 31u;
  let near = vec2<u32>((a.x >> n) | ((a.y << 1u) << (31u - n)), a.y >> n);
  return select(near, vec2<u32>(near.y, 0u), (count & 32u) != 0u);
}

fn wide_shift_right_i64(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 31u;
  let high = bitcast<i32>(a.y);
  let near = vec2<u32>((a.x >> n) | ((a.y << 1u) << (31u - n)), bitcast<u32>(high >> n));
  return select(near, vec2<u32>(near.y, bitcast<u32>(high >> 31u)), (count & 32u) != 0u);
}

fn wide_near_shift_left(a: vec2<u32>, count: u32) -> vec2<u32> {
  return vec2<u32>(a.x << count, (a.y << count) | (a.x >> (32u - count)));
}

fn wide_near_shift_right_u64(a: vec2<u32>, count: u32) -> vec2<u32> {
  return vec2<u32>((a.x >> count) | (a.y << (32u - count)), a.y >> count);
}

fn wide_near_shift_right_i64(a: vec2<u32>, count: u32) -> vec2<u32> {
  return vec2<u32>((a.x >> count) | (a.y << (32u - count)), bitcast<u32>(bitcast<i32>(a.y) >> count));
}

fn wide_far_shift_left(a: vec2<u32>, count: u32) -> vec2<u32> {
  return vec2<u32>(0u, a.x << count);
}

fn wide_far_shift_right_u64(a: vec2<u32>, count: u32) -> vec2<u32> {
  return vec2<u32>(a.y >> count, 0u);
}

fn wide_far_shift_right_i64(a: vec2<u32>, count: u32) -> vec2<u32> {
  let high = bitcast<i32>(a.y);
  return vec2<u32>(bitcast<u32>(high >> count), bitcast<u32>(high >> 31u));
}

fn wide_equal(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x == b.x && a.y == b.y;
}

fn wide_less_u64(a: vec2<u32>, b: vec2<u32>) -> bool {
  return select(a.y < b.y, a.x < b.x, a.y == b.y);
}

fn wide_less_i64(a: vec2<u32>, b: vec2<u32>) -> bool {
  return select(bitcast<i32>(a.y) < bitcast<i32>(b.y), a.x < b.x, a.y == b.y);
}

fn wide_greater_u64(a: vec2<u32>, b: vec2<u32>) -> bool {
  return wide_less_u64(b, a);
}

fn wide_greater_i64(a: vec2<u32>, b: vec2<u32>) -> bool {
  return wide_less_i64(b, a);
}

fn wide_min_u64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(b, a, wide_less_u64(a, b));
}

fn wide_min_i64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(b, a, wide_less_i64(a, b));
}

fn wide_max_u64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, wide_less_u64(a, b));
}

fn wide_max_i64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, wide_less_i64(a, b));
}

fn wide_clamp_u64(a: vec2<u32>, low: vec2<u32>, high: vec2<u32>) -> vec2<u32> {
  return wide_min_u64(wide_max_u64(a, low), high);
}

fn wide_clamp_i64(a: vec2<u32>, low: vec2<u32>, high: vec2<u32>) -> vec2<u32> {
  return wide_min_i64(wide_max_i64(a, low), high);
}

fn wide_abs_i64(a: vec2<u32>) -> vec2<u32> {
  return select(a, wide_negate(a), bitcast<i32>(a.y) < 0);
}

fn wide_sign_i64(a: vec2<u32>) -> vec2<u32> {
  let sign = bitcast<u32>(bitcast<i32>(a.y) >> 31u);
  return vec2<u32>(sign | u32((a.x | a.y) != 0u), sign);
}
`;

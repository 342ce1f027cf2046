// Integers that compare as floats do, and hash, for every device: an f64 comes as its bits, so no device needs f64.

// Keys in IEEE 754's totalOrder: NaN with the sign bit, -Infinity, numbers, -0 before +0, Infinity, NaN.
fn ordered_f64(bits: u64) -> u64 {
  let sign = u64(bitcast<i64>(bits) >> 63u);
  return bits ^ (sign | 0x8000000000000000lu);
}

fn f64_from_ordered(key: u64) -> u64 {
  let sign = u64(bitcast<i64>(key) >> 63u);
  return key ^ (~sign | 0x8000000000000000lu);
}

fn ordered_f32(bits: u32) -> u32 {
  let sign = u32(bitcast<i32>(bits) >> 31u);
  return bits ^ (sign | 0x80000000u);
}

fn f32_from_ordered(key: u32) -> u32 {
  let sign = u32(bitcast<i32>(key) >> 31u);
  return key ^ (~sign | 0x80000000u);
}

fn ordered_i64(value: i64) -> u64 {
  return bitcast<u64>(value) ^ 0x8000000000000000lu;
}

fn i64_from_ordered(key: u64) -> i64 {
  return bitcast<i64>(key ^ 0x8000000000000000lu);
}

// One pattern for what is equal in a group or a join: -0 becomes +0, and every NaN the same one.
fn canonical_f64(bits: u64) -> u64 {
  let size = bits & 0x7ffffffffffffffflu;
  return select(select(bits, 0lu, size == 0lu), 0x7ff8000000000000lu, size > 0x7ff0000000000000lu);
}

// SplitMix64's output for the state `key`: Steele, Lea and Flood 2014, with Stafford's Mix13. A bijection.
fn hash_u64(key: u64) -> u64 {
  var z = key + 0x9e3779b97f4a7c15lu;
  z = (z ^ (z >> 30u)) * 0xbf58476d1ce4e5b9lu;
  z = (z ^ (z >> 27u)) * 0x94d049bb133111eblu;
  return z ^ (z >> 31u);
}


/// The first byte is the most significant one.
fn in_order(bytes: u32) -> u32 {
  let halves = (bytes << 16u) | (bytes >> 16u);
  return ((halves & 0xff00ffu) << 8u) | ((halves >> 8u) & 0xff00ffu);
}

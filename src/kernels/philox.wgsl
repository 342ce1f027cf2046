// Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
fn philox(first_counter: vec4<u32>, first_key: vec2<u32>) -> vec4<u32> {
  var counter = first_counter;
  var key = first_key;
  for (var round = 0u; round < 10u; round++) {
    let a = u64(counter.x) * 0xd2511f53lu;
    let b = u64(counter.z) * 0xcd9e8d57lu;
    counter = vec4(u32(b >> 32u) ^ counter.y ^ key.x, u32(b), u32(a >> 32u) ^ counter.w ^ key.y, u32(a));
    key += vec2(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}

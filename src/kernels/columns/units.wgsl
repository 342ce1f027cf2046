
override threads = 64u;

fn first_unit(id: vec3<u32>, groups: vec3<u32>) -> u32 {
  return (id.x + id.y * groups.x * threads) * parameters.each;
}

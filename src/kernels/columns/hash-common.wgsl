// A thread takes `each` rows in a row. `threads` to a workgroup: 1 on a CPU, 64 on a GPU.
struct Parameters {
  count: u32, each: u32, width: u32, seed: u32, slots: u32, most_probes: u32, null_words: u32, chunks: u32
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const none = 0xffffffffu;

fn thread_of(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
  return (group.x + group.y * groups.x) * threads + local;
}

// The finaliser of MurmurHash3 (Appleby, 2011): a bijection. Chained over words, what collides depends on the seed.
fn mix(state: u32) -> u32 {
  var h = state;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}

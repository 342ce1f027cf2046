// 64 bits of each row's bytes: two lanes of MurmurHash3 (Appleby, 2011) with constants of their own, over whole words.
struct Parameters { units: u32, each: u32, words: u32, seed: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<vec2<u32>>;

fn turned(bits: u32, by: u32) -> u32 {
  return (bits << by) | (bits >> (32u - by));
}

fn finished(hash: u32) -> u32 {
  let once = (hash ^ (hash >> 16u)) * 0x85ebca6bu;
  let twice = (once ^ (once >> 13u)) * 0xc2b2ae35u;
  return twice ^ (twice >> 16u);
}

@compute @workgroup_size(threads)
fn hash_text(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let most = parameters.words - 1u;
  for (var row = start; row < end; row++) {
    let first = offsets[row];
    let last = offsets[row + 1u];
    var low = parameters.seed;
    var high = parameters.seed ^ 0x9e3779b9u;
    let shift = first % 4u * 8u;
    var word = first / 4u;
    var ahead = values[min(word, most)];
    var left = last - first;
    while (left > 0u) {
      word++;
      let behind = ahead >> shift;
      ahead = values[min(word, most)];
      var bytes = behind | select(ahead << ((32u - shift) & 31u), 0u, shift == 0u);
      if (left < 4u) {
        bytes &= (1u << (left * 8u)) - 1u;
      }
      left -= min(left, 4u);
      low = turned(low ^ (turned(bytes * 0xcc9e2d51u, 15u) * 0x1b873593u), 13u) * 5u + 0xe6546b64u;
      high = turned(high ^ (turned(bytes * 0x239b961bu, 16u) * 0xab0e9789u), 17u) * 5u + 0x561ccd1bu;
    }
    let length = last - first;
    result[row] = vec2(finished(low ^ length), finished(high ^ length));
  }
}

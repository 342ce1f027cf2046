// The position of the largest element: NaN counts as the largest, the first of equals wins, as NumPy has it.
struct Parameters { count: u32, chunk: u32 }
struct Best { key: u32, index: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> best: array<Best>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

fn key_of(value: f32) -> u32 {
  let bits = bitcast<u32>(value) & select(0xffffffffu, 0u, value == 0.0);
  let ordered = bits ^ (u32(bitcast<i32>(bits) >> 31u) | 0x80000000u);
  return select(ordered, 0xffffffffu, (bits & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(1)
fn search(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var found = Best(0u, first);
  for (var i = first; i < last; i++) {
    let key = key_of(source[i]);
    if (key > found.key) {
      found = Best(key, i);
    }
  }
  best[id.x] = found;
}

var<workgroup> folded: array<Best, 256>;

fn better(a: Best, b: Best) -> Best {
  if (b.key > a.key || (b.key == a.key && b.index < a.index)) {
    return b;
  }
  return a;
}

@compute @workgroup_size(256)
fn search_together(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  var found = Best(0u, 0xffffffffu);
  for (var i = group.x * 256u + local; i < parameters.count; i += groups.x * 256u) {
    found = better(found, Best(key_of(source[i]), i));
  }
  folded[local] = found;
  workgroupBarrier();
  for (var width = 128u; width > 0u; width /= 2u) {
    if (local < width) {
      folded[local] = better(folded[local], folded[local + width]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    best[group.x] = folded[0];
  }
}

@compute @workgroup_size(1)
fn finish() {
  var found = best[0];
  for (var i = 1u; i < parameters.count; i++) {
    found = better(found, best[i]);
  }
  best[0] = found;
}

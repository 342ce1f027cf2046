// Threads stride over the input together, then fold in workgroup memory.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial_values: array<Element>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

var<workgroup> folded: array<Element, 256>;

@compute @workgroup_size(256)
fn reduce(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  var total = identity();
  for (var i = group.x * 256u + local; i < parameters.count; i += groups.x * 256u) {
    total = combine(total, load(source[i]));
  }
  folded[local] = total;
  workgroupBarrier();
  for (var width = 128u; width > 0u; width /= 2u) {
    if (local < width) {
      folded[local] = combine(folded[local], folded[local + width]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    partial_values[group.x] = folded[0];
  }
}

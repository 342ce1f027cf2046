// Exact sums of integers: in contiguous chunks without barriers, or by threads striding together, then the partial sums.
// `Words` is the integer as limbs, `absorb` adds one.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> source: array<Words>;
@group(0) @binding(1) var<storage, read_write> partial_sums: array<Accumulator128>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn sum_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  let paired = first + (max(first, last) - first) / 2u * 2u;
  var even = Accumulator128();
  var odd = Accumulator128();
  for (var i = first; i < paired; i += 2u) {
    even = absorb(even, source[i]);
    odd = absorb(odd, source[i + 1u]);
  }
  if (paired < last) {
    even = absorb(even, source[paired]);
  }
  partial_sums[id.x] = accumulator_merge(even, odd);
}

var<workgroup> folded: array<Accumulator128, 256>;

@compute @workgroup_size(256)
fn sum_together(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  var sum = Accumulator128();
  for (var i = group.x * 256u + local; i < parameters.count; i += groups.x * 256u) {
    sum = absorb(sum, source[i]);
  }
  folded[local] = sum;
  workgroupBarrier();
  for (var width = 128u; width > 0u; width /= 2u) {
    if (local < width) {
      folded[local] = accumulator_merge(folded[local], folded[local + width]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    partial_sums[group.x] = folded[0];
  }
}

struct Result { value: vec4<u32>, overflow: u32 }
@group(0) @binding(3) var<storage, read> partials: array<Accumulator128>;
@group(0) @binding(4) var<storage, read_write> result: Result;

@compute @workgroup_size(1)
fn finish() {
  var sum = Accumulator128();
  for (var i = 0u; i < parameters.count; i++) {
    sum = accumulator_merge(sum, partials[i]);
  }
  let found = accumulator_result(sum);
  result = Result(found.value, u32(found.overflow));
}

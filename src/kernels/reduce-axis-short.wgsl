// A workgroup computes `256 / lanes` results, each by so many lanes, which fold what they have in workgroup memory.
struct Parameters {
  outputs: u32, n: u32, inner: u32, parts: u32, chunk: u32, divisor: u32, lanes: u32, each: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const block = 64u;
var<workgroup> folded: array<A, 256>;

@compute @workgroup_size(256)
fn reduce(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = id.x + id.y * groups.x;
  let lanes = parameters.lanes;
  let results = 256u / lanes;
  let part = group % parameters.parts;
  // Neighbouring threads read neighbouring numbers: of a row, or of columns.
  let contiguous = parameters.inner == 1u;
  let lane_at = select(local / results, local % lanes, contiguous);
  let result_at = select(local % results, local / lanes, contiguous);
  let step = select(results, 1u, contiguous);
  let out = group / parameters.parts * results + result_at;
  var total = identity();
  if (out < parameters.outputs) {
    let first = part * parameters.chunk;
    let last = min(first + parameters.chunk, parameters.n);
    let base = out / parameters.inner * parameters.n * parameters.inner + out % parameters.inner;
    let p = pivot(out);
    for (var at = first + lane_at; at < last;) {
      let end = min(at + block * lanes, last);
      var some = identity();
      for (; at < end; at += lanes) {
        some = absorb(some, element(base + at * parameters.inner), at, p);
      }
      total = combine(total, some);
    }
  }
  folded[local] = total;
  workgroupBarrier();
  for (var width = lanes / 2u; width > 0u; width /= 2u) {
    if (lane_at < width) {
      folded[local] = combine(folded[local], folded[local + width * step]);
    }
    workgroupBarrier();
  }
  if (lane_at == 0u && out < parameters.outputs) {
    emit(out, part, folded[local]);
  }
}

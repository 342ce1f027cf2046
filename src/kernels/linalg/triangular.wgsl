// `op(t) x = b` in place of `b` for a small triangle: a thread has columns of its own, or a chunk of them, row by row.
struct Parameters {
  size: u32, columns: u32, batch: u32, chunk: u32,
  start_t: u32, row_t: u32, column_t: u32, item_t: u32,
  start_b: u32, row_b: u32, item_b: u32,
  backward: u32, unit: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> t: array<Element>;
@group(0) @binding(2) var<storage, read_write> b: array<Element>;

@compute @workgroup_size(threads)
fn solve(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let chunks = (p.columns + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk + local;
  let last = min((group % chunks) * p.chunk + p.chunk, p.columns);
  let from_t = p.start_t + item * p.item_t;
  let from_b = p.start_b + item * p.item_b;
  for (var step = 0u; step < p.size; step++) {
    let i = select(step, p.size - 1u - step, p.backward == 1u);
    let row = from_b + i * p.row_b;
    for (var before = 0u; before < step; before++) {
      let k = select(before, p.size - 1u - before, p.backward == 1u);
      let factor = t[from_t + i * p.row_t + k * p.column_t];
      let known = from_b + k * p.row_b;
      for (var j = first; j < last; j += threads) {
        b[row + j] -= factor * b[known + j];
      }
    }
    if (p.unit == 0u) {
      let pivot = t[from_t + i * p.row_t + i * p.column_t];
      for (var j = first; j < last; j += threads) {
        b[row + j] /= pivot;
      }
    }
  }
}

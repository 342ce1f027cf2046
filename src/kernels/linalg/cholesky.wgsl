// `a = u' u` for one diagonal block of up to 32 columns, upper triangle, in workgroup memory.
struct Parameters { columns: u32, first: u32, width: u32, batch: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> matrix: array<Element>;
/// The first leading minor that is not positive, counted from 1, or 0.
@group(0) @binding(2) var<storage, read_write> info: array<u32>;

const side = 32u;
var<workgroup> block: array<Element, side * side>;

@compute @workgroup_size(threads)
fn factor(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let item = id.x + id.y * groups.x;
  if (item >= p.batch) { return; }
  let source = (item * p.columns + p.first) * p.columns + p.first;
  for (var at = local; at < p.width * side; at += threads) {
    let column = at % side;
    if (column < p.width) { block[at] = matrix[source + at / side * p.columns + column]; }
  }
  sync();
  for (var k = 0u; k < p.width; k++) {
    let minor = block[k * side + k];
    let positive = minor > 0.0 && !is_nan(minor);
    if (local == 0u && !positive && info[item] == 0u) { info[item] = p.first + k + 1u; }
    let root = sqrt(select(Element(1.0), minor, positive));
    sync();
    for (var j = k + local; j < p.width; j += threads) {
      block[k * side + j] = select(block[k * side + j] / root, root, j == k);
    }
    sync();
    for (var i = k + 1u + local / lanes; i < p.width; i += threads / lanes) {
      let factor = block[k * side + i];
      for (var j = i + local % lanes; j < p.width; j += lanes) {
        block[i * side + j] -= factor * block[k * side + j];
      }
    }
    sync();
  }
  for (var at = local; at < p.width * side; at += threads) {
    let column = at % side;
    if (column < p.width) { matrix[source + at / side * p.columns + column] = block[at]; }
  }
}

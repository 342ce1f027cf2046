// Householder reflections of a panel of up to 32 columns by one workgroup an item, with the triangle `t` that makes them one
// block: q = i - v t v'. Schreiber and Van Loan, "A Storage-Efficient WY Representation", 1989; signs as in LAPACK.
struct Parameters { rows: u32, columns: u32, first: u32, width: u32, batch: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> matrix: array<Element>;
/// The panel, then the reflectors: [batch, rows - first, 32].
@group(0) @binding(2) var<storage, read_write> panel: array<Element>;
/// [batch, 32, 32]
@group(0) @binding(3) var<storage, read_write> t: array<Element>;

const side = 32u;
const own = side / lanes;
const lanes_down = threads / lanes;
var<workgroup> parts: array<Element, threads * own>;
var<workgroup> sums: array<Element, side>;
var<workgroup> triangle: array<Element, side * side>;

fn largest_of(value: Element, local: u32) -> Element {
  parts[local] = value;
  sync();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) { parts[local] = max(parts[local], parts[local + width]); }
    sync();
  }
  let found = parts[0];
  sync();
  return found;
}

fn sum_of(value: Element, local: u32) -> Element {
  parts[local] = value;
  sync();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) { parts[local] += parts[local + width]; }
    sync();
  }
  let found = parts[0];
  sync();
  return found;
}

@compute @workgroup_size(threads)
fn factor(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let item = id.x + id.y * groups.x;
  if (item >= p.batch) { return; }
  let height = p.rows - p.first;
  let source = (item * p.rows + p.first) * p.columns + p.first;
  let base = item * height * side;
  let down = local / lanes;
  let across = local % lanes * own;
  for (var i = down; i < height; i += lanes_down) {
    for (var c = 0u; c < own; c++) {
      var value = Element(0.0);
      if (across + c < p.width) { value = matrix[source + i * p.columns + across + c]; }
      panel[base + i * side + across + c] = value;
    }
  }
  for (var at = local; at < side * side; at += threads) { triangle[at] = 0.0; }
  sync();
  for (var k = 0u; k < p.width; k++) {
    var most = Element(0.0);
    for (var i = k + 1u + local; i < height; i += threads) { most = max(most, abs(panel[base + i * side + k])); }
    let alpha = panel[base + k * side + k];
    let below = largest_of(most, local);
    let scale = max(below, abs(alpha));
    var squares = Element(0.0);
    if (below > 0.0) {
      for (var i = k + 1u + local; i < height; i += threads) {
        let part = panel[base + i * side + k] / scale;
        squares += part * part;
      }
    }
    let under = sum_of(squares, local);
    var beta = alpha;
    var tau = Element(0.0);
    if (under != 0.0) {
      // In parts of the largest number, for noise next to zero makes reflections that are not orthogonal.
      let top = alpha / scale;
      let norm = sqrt(under + top * top);
      let turned = select(-norm, norm, alpha < 0.0);
      beta = turned * scale;
      tau = (turned - top) / turned;
      for (var i = k + 1u + local; i < height; i += threads) {
        panel[base + i * side + k] = panel[base + i * side + k] / scale / (top - turned);
      }
    }
    if (local == 0u) { panel[base + k * side + k] = 1.0; }
    sync();
    // The reflector times all columns: those after k get reflected, those before k are what `t` is made of.
    var totals: array<Element, own>;
    for (var c = 0u; c < own; c++) { totals[c] = 0.0; }
    for (var i = k + down; i < height; i += lanes_down) {
      let v = panel[base + i * side + k];
      for (var c = 0u; c < own; c++) { totals[c] += v * panel[base + i * side + across + c]; }
    }
    for (var c = 0u; c < own; c++) { parts[down * side + across + c] = totals[c]; }
    sync();
    for (var column = local; column < side; column += threads) {
      var sum = Element(0.0);
      for (var part = 0u; part < lanes_down; part++) { sum += parts[part * side + column]; }
      sums[column] = sum;
    }
    sync();
    for (var row = local; row < k; row += threads) {
      var sum = Element(0.0);
      for (var column = row; column < k; column++) { sum += triangle[row * side + column] * sums[column]; }
      triangle[row * side + k] = -tau * sum;
    }
    if (local == 0u) { triangle[k * side + k] = tau; }
    var factors: array<Element, own>;
    for (var c = 0u; c < own; c++) { factors[c] = select(Element(0.0), tau * sums[across + c], across + c > k); }
    for (var i = k + down; i < height; i += lanes_down) {
      let v = panel[base + i * side + k];
      for (var c = 0u; c < own; c++) {
        if (across + c > k || lanes == 1u) { panel[base + i * side + across + c] -= v * factors[c]; }
      }
    }
    sync();
    if (local == 0u) { matrix[source + k * p.columns + k] = beta; }
  }
  for (var i = down; i < height; i += lanes_down) {
    for (var c = 0u; c < own; c++) {
      let column = across + c;
      let at = base + i * side + column;
      if (column > i) {
        if (column < p.width) { matrix[source + i * p.columns + column] = panel[at]; }
        panel[at] = 0.0;
      } else if (column < p.width && column < i) {
        matrix[source + i * p.columns + column] = 0.0;
      }
    }
  }
  for (var at = local; at < side * side; at += threads) { t[item * side * side + at] = triangle[at]; }
}

// LU with partial pivoting: one workgroup an item factors a panel of up to 32 columns in a dense copy of it, whose rows
// are contiguous; then rows are exchanged in the other columns.
struct Parameters { rows: u32, columns: u32, first: u32, width: u32, batch: u32, chunk: u32, pivots_item: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> matrix: array<Element>;
@group(0) @binding(2) var<storage, read_write> panel: array<Element>;
@group(0) @binding(3) var<storage, read_write> pivots: array<u32>;
/// The first pivot that is zero, counted from 1, or 0.
@group(0) @binding(4) var<storage, read_write> info: array<u32>;

const side = 32u;
const own = side / lanes;
const lanes_down = threads / lanes;
var<workgroup> largest: array<Element, threads>;
var<workgroup> largest_at: array<u32, threads>;

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
  sync();
  for (var k = 0u; k < p.width; k++) {
    var most = Element(-1.0);
    var at = k;
    for (var i = k + local; i < height; i += threads) {
      let size = abs(panel[base + i * side + k]);
      if (size > most) {
        most = size;
        at = i;
      }
    }
    largest[local] = most;
    largest_at[local] = at;
    sync();
    for (var width = threads / 2u; width > 0u; width /= 2u) {
      if (local < width) {
        let other = largest[local + width];
        let other_at = largest_at[local + width];
        if (other > largest[local] || (other == largest[local] && other_at < largest_at[local])) {
          largest[local] = other;
          largest_at[local] = other_at;
        }
      }
      sync();
    }
    let chosen = largest_at[0];
    if (local == 0u) {
      pivots[item * p.pivots_item + p.first + k] = p.first + chosen;
    }
    if (chosen != k && down == 0u) {
      for (var c = 0u; c < own; c++) {
        let upper = base + k * side + across + c;
        let lower = base + chosen * side + across + c;
        let value = panel[upper];
        panel[upper] = panel[lower];
        panel[lower] = value;
      }
    }
    sync();
    let pivot = panel[base + k * side + k];
    if (pivot == 0.0) {
      if (local == 0u && info[item] == 0u) { info[item] = p.first + k + 1u; }
    } else {
      for (var i = k + 1u + local; i < height; i += threads) {
        panel[base + i * side + k] /= pivot;
      }
    }
    sync();
    if (pivot != 0.0) {
      var row: array<Element, own>;
      for (var c = 0u; c < own; c++) {
        row[c] = select(Element(0.0), panel[base + k * side + across + c], across + c > k);
      }
      for (var i = k + 1u + down; i < height; i += lanes_down) {
        let factor = panel[base + i * side + k];
        for (var c = 0u; c < own; c++) {
          if (across + c > k || lanes == 1u) {
            panel[base + i * side + across + c] -= factor * row[c];
          }
        }
      }
    }
    sync();
  }
  for (var i = down; i < height; i += lanes_down) {
    for (var c = 0u; c < own; c++) {
      if (across + c < p.width) { matrix[source + i * p.columns + across + c] = panel[base + i * side + across + c]; }
    }
  }
}

/// The panel's exchanges of rows in a chunk of the columns outside of it.
@compute @workgroup_size(threads)
fn exchange(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let others = p.columns - p.width;
  let chunks = (others + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk;
  let last = min(first + p.chunk, others);
  let source = item * p.rows * p.columns;
  for (var k = p.first; k < p.first + p.width; k++) {
    let chosen = pivots[item * p.pivots_item + k];
    if (chosen != k) {
      for (var c = first + local; c < last; c += threads) {
        let column = select(c + p.width, c, c < p.first);
        let upper = source + k * p.columns + column;
        let lower = source + chosen * p.columns + column;
        let value = matrix[upper];
        matrix[upper] = matrix[lower];
        matrix[lower] = value;
      }
    }
  }
}

/// The exchanges of a whole factorisation, in all columns of a right-hand side.
@compute @workgroup_size(threads)
fn exchange_rows(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let chunks = (p.columns + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk;
  let last = min(first + p.chunk, p.columns);
  let source = item * p.rows * p.columns;
  for (var k = 0u; k < p.width; k++) {
    let chosen = pivots[item * p.pivots_item + k];
    if (chosen != k) {
      for (var c = first + local; c < last; c += threads) {
        let upper = source + k * p.columns + c;
        let lower = source + chosen * p.columns + c;
        let value = matrix[upper];
        matrix[upper] = matrix[lower];
        matrix[lower] = value;
      }
    }
  }
}

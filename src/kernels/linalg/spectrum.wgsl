// What comes before and after the rotations of singular values and symmetric eigenvalues.
struct Parameters {
  /// Rows that are rotated, how long they are, and elements from one to the next; the other part starts at `second`.
  rows: u32, columns: u32, second: u32, stride: u32, batch: u32, chunk: u32,
  /// Where `source` or `result` has element j of row i of an item.
  item: u32, row: u32, column: u32,
  /// `fill` adds a multiple of the identity; `order` sorts the smallest first; `gather` divides by the norms.
  mode: u32,
  skipped: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<Element>;
@group(0) @binding(2) var<storage, read_write> rows: array<Element>;
/// For each item its largest size and the norm of it in parts of that.
@group(0) @binding(3) var<storage, read_write> scales: array<Element>;
/// Bit 0: not all numbers are finite. Bit 1: rows have vanished.
@group(0) @binding(4) var<storage, read_write> info: array<u32>;
@group(0) @binding(5) var<storage, read_write> values: array<Element>;
@group(0) @binding(6) var<storage, read_write> ranked: array<u32>;
@group(0) @binding(7) var<storage, read_write> result: array<Element>;

var<workgroup> parts: array<vec2<Element>, threads>;

@compute @workgroup_size(threads)
fn bound(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let item = id.x + id.y * groups.x;
  if (item >= p.batch) { return; }
  let count = p.rows * p.columns;
  var most = Element(0.0);
  var strange = Element(0.0);
  for (var at = local; at < count; at += threads) {
    let value = source[item * count + at];
    if (is_finite(value)) { most = max(most, abs(value)); } else { strange = 1.0; }
  }
  parts[local] = vec2(most, strange);
  sync();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) { parts[local] = max(parts[local], parts[local + width]); }
    sync();
  }
  let found = parts[0];
  sync();
  let unit = select(found.x, Element(1.0), found.x == 0.0);
  var squares = Element(0.0);
  for (var at = local; at < count; at += threads) {
    let part = source[item * count + at] / unit;
    squares += part * part;
  }
  parts[local] = vec2(squares);
  sync();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) { parts[local] += parts[local + width]; }
    sync();
  }
  if (local == 0u) {
    scales[2u * item] = unit;
    scales[2u * item + 1u] = sqrt(parts[0].x);
    info[item] = u32(found.y);
  }
}

/// The rows to rotate: the matrix or its transpose in parts of its largest number, and the identity beside it.
@compute @workgroup_size(threads)
fn fill(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let chunks = (p.rows + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk;
  let last = min(first + p.chunk, p.rows);
  let unit = scales[2u * item];
  let shift = select(Element(0.0), 1.25 * scales[2u * item + 1u], p.mode == 1u);
  let finite = info[item] == 0u;
  for (var i = first + local / lanes; i < last; i += threads / lanes) {
    let to = (item * p.rows + i) * p.stride;
    for (var j = local % lanes; j < p.stride; j += lanes) {
      var value = Element(0.0);
      if (j < p.columns && finite) {
        value = source[item * p.item + i * p.row + j * p.column] / unit;
        if (i == j) { value += shift; }
      } else if (j == p.second + i) {
        value = 1.0;
      }
      rows[to + j] = value;
    }
  }
}

/// Norms of the first part of each row; below `least` nothing is left of its direction.
@compute @workgroup_size(threads)
fn measure(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (id.x + id.y * groups.x) * threads + local;
  if (at >= p.rows * p.batch) { return; }
  var squares = Element(0.0);
  for (var j = 0u; j < p.columns; j++) {
    let value = rows[at * p.stride + j];
    squares += value * value;
  }
  values[at] = sqrt(squares);
}

/// Rayleigh quotients: the second part of each row times `source`, what the matrix makes of it.
@compute @workgroup_size(threads)
fn quotients(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (id.x + id.y * groups.x) * threads + local;
  if (at >= p.rows * p.batch) { return; }
  var sum = Element(0.0);
  for (var j = 0u; j < p.rows; j++) {
    sum += rows[at * p.stride + p.second + j] * source[at * p.rows + j];
  }
  values[at] = sum;
}

/// Sorts by counting who goes before; `result` gets the sorted values.
@compute @workgroup_size(threads)
fn order(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (id.x + id.y * groups.x) * threads + local;
  if (at >= p.rows * p.batch) { return; }
  let item = at / p.rows;
  let own = values[at];
  var rank = 0u;
  for (var i = item * p.rows; i < (item + 1u) * p.rows; i++) {
    let other = values[i];
    let before = select(other > own, other < own, p.mode == 1u) || (is_nan(own) && !is_nan(other));
    let equal = other == own || (is_nan(own) && is_nan(other));
    if (before || (equal && i < at)) { rank++; }
  }
  ranked[item * p.rows + rank] = at - item * p.rows;
  let unit = select(scales[2u * item], Element(1.0), p.mode == 1u);
  result[item * p.rows + rank] = own * unit;
  if (p.mode == 0u && own < least) { info[item] |= 2u; }
}

/// One part of each row, in order.
@compute @workgroup_size(threads)
fn gather(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let chunks = (p.rows + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk;
  let last = min(first + p.chunk, p.rows);
  for (var i = first + local / lanes; i < last; i += threads / lanes) {
    let at = item * p.rows + ranked[item * p.rows + i];
    var factor = Element(1.0);
    if (p.mode == 1u) {
      let norm = values[at];
      factor = select(1.0 / norm, Element(0.0), norm < least);
    }
    let to = item * p.item + i * p.row;
    for (var j = local % lanes; j < p.columns; j += lanes) {
      result[to + j * p.column] = rows[at * p.stride + p.skipped + j] * factor;
    }
  }
}

/// Columns of `result` get the signs that the diagonal of `source`, rows x columns, has.
@compute @workgroup_size(threads)
fn signs(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let chunks = (p.rows + p.chunk - 1u) / p.chunk;
  let group = id.x + id.y * groups.x;
  let item = group / chunks;
  if (item >= p.batch) { return; }
  let first = (group % chunks) * p.chunk;
  let last = min(first + p.chunk, p.rows);
  for (var i = first + local / lanes; i < last; i += threads / lanes) {
    let to = item * p.item + i * p.row;
    for (var j = local % lanes; j < p.columns; j += lanes) {
      if (source[(item * p.rows + j) * p.columns + j] < 0.0) { result[to + j] = -result[to + j]; }
    }
  }
}

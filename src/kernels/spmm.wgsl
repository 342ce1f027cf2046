// A sparse matrix in compressed rows by a dense one. Parts of equal length along the merge of row ends and nonzeros, so
// that neither long rows nor empty ones unbalance them: Merrill and Garland, "Merge-based Parallel Sparse Matrix-Vector
// Multiplication", 2016. A part owns the rows that begin in it; what it adds to an earlier part's row is its head.
override long_threads = true;
/// Threads that share a part, each with columns of its own.
override across = 1u;

struct Parameters { rows: u32, columns: u32, nonzeros: u32, chunk: u32, parts: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> row_starts: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<Element>;
@group(0) @binding(4) var<storage, read> dense: array<Element>;
@group(0) @binding(5) var<storage, read_write> result: array<Element>;
@group(0) @binding(6) var<storage, read_write> heads: array<Element>;
@group(0) @binding(7) var<storage, read_write> head_rows: array<u32>;
const none = 0xffffffffu;

/// How many rows end within the first `items` of the merge.
fn rows_within(items: u32) -> u32 {
  var low = 0u;
  var high = min(p.rows, items);
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    if (row_starts[middle] + middle <= items) {
      low = middle;
    } else {
      high = middle - 1u;
    }
  }
  return low;
}

/// Sums the nonzeros from `start` before `end`, for the columns of this thread.
fn segment(start: u32, end: u32, to: u32, is_head: bool, column: u32) {
  if (long_threads && p.columns > 1u) {
    if (is_head) {
      for (var j = 0u; j < p.columns; j++) { heads[to + j] = Element(); }
    } else {
      for (var j = 0u; j < p.columns; j++) { result[to + j] = Element(); }
    }
    for (var at = start; at < end; at++) {
      let value = values[at];
      let line = places[at] * p.columns;
      if (is_head) {
        for (var j = 0u; j < p.columns; j++) { heads[to + j] += value * dense[line + j]; }
      } else {
        for (var j = 0u; j < p.columns; j++) { result[to + j] += value * dense[line + j]; }
      }
    }
    return;
  }
  for (var j = column; j < p.columns; j += across) {
    var sum = Element();
    for (var at = start; at < end; at++) {
      sum += values[at] * dense[places[at] * p.columns + j];
    }
    if (is_head) {
      heads[to + j] = sum;
    } else {
      result[to + j] = sum;
    }
  }
}

fn take(part: u32, column: u32) {
  let items = p.rows + p.nonzeros;
  let first_item = part * p.chunk;
  let end_item = min(first_item + p.chunk, items);
  let first = rows_within(first_item);
  let last = rows_within(end_item);
  var at = first_item - first;
  var has_head = false;
  if (first < p.rows) {
    has_head = at > row_starts[first];
  }
  if (column == 0u) {
    head_rows[part] = select(none, first, has_head);
  }
  for (var row = first; row < last; row++) {
    let is_head = has_head && row == first;
    let end = row_starts[row + 1u];
    segment(at, end, select(row, part, is_head) * p.columns, is_head, column);
    at = end;
  }
  let end = end_item - last;
  if (end > at) {
    let is_head = has_head && last == first;
    segment(at, end, select(last, part, is_head) * p.columns, is_head, column);
  }
}

@compute @workgroup_size(1)
fn multiply_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  take(id.x, 0u);
}

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let thread = id.x + id.y * groups.x * 64u;
  if (thread / across < p.parts) {
    take(thread / across, thread % across);
  }
}

/// Adds the heads of a row to what its owner made, in order.
@compute @workgroup_size(64)
fn add_heads(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let thread = id.x + id.y * groups.x * 64u;
  let part = thread / p.columns;
  let column = thread % p.columns;
  if (part == 0u || part >= p.parts) {
    return;
  }
  let row = head_rows[part];
  if (row == none || head_rows[part - 1u] == row) {
    return;
  }
  var sum = result[row * p.columns + column];
  var next = part;
  while (next < p.parts) {
    if (head_rows[next] != row) {
      break;
    }
    sum += heads[next * p.columns + column];
    next++;
  }
  result[row * p.columns + column] = sum;
}

/// One row of the dense form.
@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) {
    return;
  }
  for (var j = 0u; j < p.columns; j++) {
    result[row * p.columns + j] = Element();
  }
  for (var at = row_starts[row]; at < row_starts[row + 1u]; at++) {
    result[row * p.columns + places[at]] += values[at];
  }
}

// Copies of rectangular parts of matrices, one row after the other; lanes go along the row.
struct Parameters {
  rows: u32, columns: u32, batch: u32, chunk: u32,
  start: u32, row: u32, column: u32, item: u32,
  target_start: u32, target_row: u32, target_item: u32, part: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<Element>;
@group(0) @binding(2) var<storage, read_write> result: array<Element>;

/// Which elements `take` keeps: all, those on and below the diagonal, on and above it, or below it with ones on it.
/// Part 4 reads the lower triangle for the upper one.
fn kept(value: Element, i: u32, j: u32) -> Element {
  if (p.part == 1u && j > i) { return 0.0; }
  if (p.part == 2u && j < i) { return 0.0; }
  if (p.part == 3u && j >= i) { return select(Element(0.0), Element(1.0), i == j); }
  return value;
}

@compute @workgroup_size(threads)
fn take(
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
    let from_row = p.start + item * p.item + i * p.row;
    let to_row = p.target_start + item * p.target_item + i * p.target_row;
    if (p.part == 0u && p.column == 1u) {
      for (var j = local % lanes; j < p.columns; j += lanes) {
        result[to_row + j] = source[from_row + j];
      }
    } else {
      for (var j = local % lanes; j < p.columns; j += lanes) {
        var at = from_row + j * p.column;
        if (p.part == 4u && j > i) { at = p.start + item * p.item + j * p.row + i * p.column; }
        result[to_row + j] = kept(source[at], i, j);
      }
    }
  }
}

@compute @workgroup_size(threads)
fn subtract(
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
    let from_row = p.start + item * p.item + i * p.row;
    let to_row = p.target_start + item * p.target_item + i * p.target_row;
    for (var j = local % lanes; j < p.columns; j += lanes) {
      result[to_row + j] -= source[from_row + j];
    }
  }
}

/// Each row times a number of its own.
@compute @workgroup_size(threads)
fn scale(
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
    let factor = source[item * p.rows + i];
    let to_row = p.target_start + item * p.target_item + i * p.target_row;
    for (var j = local % lanes; j < p.columns; j += lanes) {
      result[to_row + j] *= factor;
    }
  }
}

/// Ones on the diagonal, zeros elsewhere.
@compute @workgroup_size(threads)
fn identity(
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
    let to_row = p.target_start + item * p.target_item + i * p.target_row;
    for (var j = local % lanes; j < p.columns; j += lanes) {
      result[to_row + j] = select(Element(0.0), Element(1.0), i == j);
    }
  }
}

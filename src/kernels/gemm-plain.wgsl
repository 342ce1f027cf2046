// For CPU-type devices and types without matrices: one barrier-free thread a tile of 4 rows by 8 columns, straight from
// memory, its sums in named variables.
override transpose_b = false;

const tile_rows = 4u;
const tile_columns = 8u;

fn row_of(step: u32, start: u32, columns: vec4<u32>) -> vec4<Element> {
  let first = start + step * p.row_b;
  if (transpose_b) {
    let at = first + columns * p.column_b;
    return vec4(b[at.x], b[at.y], b[at.z], b[at.w]);
  }
  let at = first + columns;
  return vec4(b[at.x], b[at.y], b[at.z], b[at.w]);
}

@compute @workgroup_size(1)
fn multiply(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let tiles_down = (p.m + tile_rows - 1u) / tile_rows;
  let tiles_across = (p.n + tile_columns - 1u) / tile_columns;
  let tile = id.x + id.y * groups.x;
  let item = tile / (tiles_down * tiles_across);
  if (item >= p.batch) {
    return;
  }
  let within = tile % (tiles_down * tiles_across);
  let row = (within / tiles_across) * tile_rows;
  let column = (within % tiles_across) * tile_columns;
  // Rows and columns past the end repeat the last one; what they give is not written.
  let rows = min(vec4(row) + vec4(0u, 1u, 2u, 3u), vec4(p.m - 1u)) * p.row_a + item * p.batch_a;
  let left = min(vec4(column) + vec4(0u, 1u, 2u, 3u), vec4(p.n - 1u));
  let right = min(vec4(column) + vec4(4u, 5u, 6u, 7u), vec4(p.n - 1u));
  let start = item * p.batch_b;
  var r00 = vec4<Element>(); var r01 = vec4<Element>();
  var r10 = vec4<Element>(); var r11 = vec4<Element>();
  var r20 = vec4<Element>(); var r21 = vec4<Element>();
  var r30 = vec4<Element>(); var r31 = vec4<Element>();
  for (var step = 0u; step < p.k; step++) {
    let b0 = row_of(step, start, left);
    let b1 = row_of(step, start, right);
    let at = rows + step * p.column_a;
    let a0 = a[at.x]; let a1 = a[at.y]; let a2 = a[at.z]; let a3 = a[at.w];
    r00 += b0 * a0; r01 += b1 * a0;
    r10 += b0 * a1; r11 += b1 * a1;
    r20 += b0 * a2; r21 += b1 * a2;
    r30 += b0 * a3; r31 += b1 * a3;
  }
  write_row(item, row, column, r00, r01);
  write_row(item, row + 1u, column, r10, r11);
  write_row(item, row + 2u, column, r20, r21);
  write_row(item, row + 3u, column, r30, r31);
}

fn write_row(item: u32, row: u32, column: u32, left: vec4<Element>, right: vec4<Element>) {
  if (row >= p.m) {
    return;
  }
  let place = row * p.n + column;
  for (var part = 0u; part < min(tile_columns, p.n - column); part++) {
    let sum = select(right[part % 4u], left[part % 4u], part < 4u);
    result[item * p.m * p.n + place + part] = finish(sum, item * p.batch_c + place + part);
  }
}

// For GPUs: a workgroup of 16 x 16 threads makes a tile of 64 x 64, each thread 4 x 4 of it, through workgroup memory.
/// Which way neighbouring threads load: along the contiguous dimension.
override transpose_a = false;
override transpose_b = false;

const side = 64u;
const depth = 16u;
var<workgroup> tile_a: array<array<vec4<Element>, 16>, depth>;
var<workgroup> tile_b: array<array<vec4<Element>, 16>, depth>;

@compute @workgroup_size(16, 16)
fn multiply(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tiles_down = (p.m + side - 1u) / side;
  let tiles_across = (p.n + side - 1u) / side;
  let tile = id.x + id.y * groups.x;
  let item = tile / (tiles_down * tiles_across);
  let within = tile % (tiles_down * tiles_across);
  let first_row = (within / tiles_across) * side;
  let first_column = (within % tiles_across) * side;
  var r0 = vec4<Element>();
  var r1 = vec4<Element>();
  var r2 = vec4<Element>();
  var r3 = vec4<Element>();
  for (var start = 0u; start < p.k; start += depth) {
    for (var part = 0u; part < 4u; part++) {
      let step_a = select(local % 16u, local / 64u + part * 4u, transpose_a);
      let row = select(local / 16u + part * 16u, local % 64u, transpose_a);
      var value_a = Element();
      if (first_row + row < p.m && start + step_a < p.k) {
        value_a = a[item * p.batch_a + (first_row + row) * p.row_a + (start + step_a) * p.column_a];
      }
      tile_a[step_a][row / 4u][row % 4u] = value_a;
      let step_b = select(local / 64u + part * 4u, local % 16u, transpose_b);
      let column = select(local % 64u, local / 16u + part * 16u, transpose_b);
      var value_b = Element();
      if (first_column + column < p.n && start + step_b < p.k) {
        value_b = b[item * p.batch_b + (start + step_b) * p.row_b + (first_column + column) * p.column_b];
      }
      tile_b[step_b][column / 4u][column % 4u] = value_b;
    }
    workgroupBarrier();
    for (var step = 0u; step < depth; step++) {
      let rows = tile_a[step][thread.y];
      let columns = tile_b[step][thread.x];
      r0 += columns * rows.x;
      r1 += columns * rows.y;
      r2 += columns * rows.z;
      r3 += columns * rows.w;
    }
    workgroupBarrier();
  }
  if (tile < tiles_down * tiles_across * p.batch) {
    let row = first_row + thread.y * 4u;
    let column = first_column + thread.x * 4u;
    write_row(item, row, column, r0);
    write_row(item, row + 1u, column, r1);
    write_row(item, row + 2u, column, r2);
    write_row(item, row + 3u, column, r3);
  }
}

fn write_row(item: u32, row: u32, column: u32, sums: vec4<Element>) {
  if (row >= p.m) {
    return;
  }
  let place = row * p.n + column;
  for (var part = 0u; part < min(4u, max(p.n, column) - column); part++) {
    result[item * p.m * p.n + place + part] = finish(sums[part], item * p.batch_c + place + part);
  }
}

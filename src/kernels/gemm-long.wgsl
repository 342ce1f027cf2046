// For CPU-type devices: packed panels, then one barrier-free thread a tile of 8 rows by 32 columns, whose accumulators
// are sixteen-lane values (a mat4x4 is sixteen contiguous lanes) in named variables: arrays of them spill.
// Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
const tile_rows = 8u;
const tile_columns = 32u;

fn row_panels() -> u32 {
  return (p.m + tile_rows - 1u) / tile_rows;
}

fn column_panels() -> u32 {
  return (p.n + tile_columns - 1u) / tile_columns;
}

@group(0) @binding(5) var<storage, read_write> panels: array<f32>;

/// One panel of rows of `a`, step by step of k; rows past the end are zero.
@compute @workgroup_size(1)
fn pack_a(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let panel = id.x + id.y * groups.x;
  let item = panel / row_panels();
  let first = (panel % row_panels()) * tile_rows;
  let rows = min(tile_rows, p.m - first);
  let source = item * p.batch_a + first * p.row_a;
  let target_start = panel * p.k * tile_rows;
  for (var step = 0u; step < p.k; step++) {
    for (var row = 0u; row < rows; row++) {
      panels[target_start + step * tile_rows + row] = a[source + row * p.row_a + step * p.column_a];
    }
    for (var row = rows; row < tile_rows; row++) {
      panels[target_start + step * tile_rows + row] = 0.0;
    }
  }
}

/// One panel of columns of `b`.
@compute @workgroup_size(1)
fn pack_b(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let panel = id.x + id.y * groups.x;
  let item = panel / column_panels();
  let first = (panel % column_panels()) * tile_columns;
  let columns = min(tile_columns, p.n - first);
  let source = item * p.batch_b + first * p.column_b;
  let target_start = panel * p.k * tile_columns;
  for (var step = 0u; step < p.k; step++) {
    for (var column = 0u; column < columns; column++) {
      panels[target_start + step * tile_columns + column] = b[source + step * p.row_b + column * p.column_b];
    }
    for (var column = columns; column < tile_columns; column++) {
      panels[target_start + step * tile_columns + column] = 0.0;
    }
  }
}

@group(0) @binding(6) var<storage, read> packed_a: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> packed_b: array<mat4x4<f32>>;
@group(0) @binding(8) var<storage, read_write> tiles: array<mat4x4<f32>>;

@compute @workgroup_size(1)
fn multiply(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let tile = id.x + id.y * groups.x;
  let per_item = row_panels() * column_panels();
  let item = tile / per_item;
  let row_panel = (tile % per_item) % row_panels();
  let column_panel = (tile % per_item) / row_panels();
  var at_a = (item * select(0u, row_panels(), p.batch_a > 0u) + row_panel) * p.k * 2u;
  var at_b = (item * select(0u, column_panels(), p.batch_b > 0u) + column_panel) * p.k * 2u;
  var r00 = mat4x4<f32>(); var r01 = mat4x4<f32>();
  var r10 = mat4x4<f32>(); var r11 = mat4x4<f32>();
  var r20 = mat4x4<f32>(); var r21 = mat4x4<f32>();
  var r30 = mat4x4<f32>(); var r31 = mat4x4<f32>();
  var r40 = mat4x4<f32>(); var r41 = mat4x4<f32>();
  var r50 = mat4x4<f32>(); var r51 = mat4x4<f32>();
  var r60 = mat4x4<f32>(); var r61 = mat4x4<f32>();
  var r70 = mat4x4<f32>(); var r71 = mat4x4<f32>();
  for (var step = 0u; step < p.k; step++) {
    let b0 = packed_b[at_b];
    let b1 = packed_b[at_b + 1u];
    let upper = packed_a[at_a];
    let lower = packed_a[at_a + 1u];
    r00 = r00 + b0 * upper.x; r01 = r01 + b1 * upper.x;
    r10 = r10 + b0 * upper.y; r11 = r11 + b1 * upper.y;
    r20 = r20 + b0 * upper.z; r21 = r21 + b1 * upper.z;
    r30 = r30 + b0 * upper.w; r31 = r31 + b1 * upper.w;
    r40 = r40 + b0 * lower.x; r41 = r41 + b1 * lower.x;
    r50 = r50 + b0 * lower.y; r51 = r51 + b1 * lower.y;
    r60 = r60 + b0 * lower.z; r61 = r61 + b1 * lower.z;
    r70 = r70 + b0 * lower.w; r71 = r71 + b1 * lower.w;
    at_a += 2u;
    at_b += 2u;
  }
  let t = tile * 16u;
  tiles[t] = r00; tiles[t + 1u] = r01;
  tiles[t + 2u] = r10; tiles[t + 3u] = r11;
  tiles[t + 4u] = r20; tiles[t + 5u] = r21;
  tiles[t + 6u] = r30; tiles[t + 7u] = r31;
  tiles[t + 8u] = r40; tiles[t + 9u] = r41;
  tiles[t + 10u] = r50; tiles[t + 11u] = r51;
  tiles[t + 12u] = r60; tiles[t + 13u] = r61;
  tiles[t + 14u] = r70; tiles[t + 15u] = r71;
}

@group(0) @binding(9) var<storage, read> sums: array<f32>;

/// One panel of rows of the result, out of its tiles.
@compute @workgroup_size(1)
fn unpack(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let panel = id.x + id.y * groups.x;
  let item = panel / row_panels();
  let row_panel = panel % row_panels();
  let first = row_panel * tile_rows;
  let rows = min(tile_rows, p.m - first);
  for (var column_panel = 0u; column_panel < column_panels(); column_panel++) {
    let tile = (item * column_panels() + column_panel) * row_panels() + row_panel;
    let columns = min(tile_columns, p.n - column_panel * tile_columns);
    for (var row = 0u; row < rows; row++) {
      let from_start = tile * tile_rows * tile_columns + row * tile_columns;
      let place = (first + row) * p.n + column_panel * tile_columns;
      for (var column = 0u; column < columns; column++) {
        result[item * p.m * p.n + place + column] = finish(sums[from_start + column], item * p.batch_c + place + column);
      }
    }
  }
}

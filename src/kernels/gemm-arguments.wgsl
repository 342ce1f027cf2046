// What both shapes of the matrix product take. Rows, columns and batch items are strides in elements.
struct Parameters {
  m: u32, n: u32, k: u32, batch: u32,
  row_a: u32, column_a: u32, batch_a: u32,
  row_b: u32, column_b: u32, batch_b: u32,
  batch_c: u32,
  alpha: f32, beta: f32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;

// What both shapes of the matrix product take; `Element` is f32 or f64. Rows, columns and batch items are strides in
// elements.
struct Parameters {
  alpha: Element, beta: Element,
  m: u32, n: u32, k: u32, batch: u32,
  row_a: u32, column_a: u32, batch_a: u32,
  row_b: u32, column_b: u32, batch_b: u32,
  batch_c: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<Element>;
@group(0) @binding(2) var<storage, read> b: array<Element>;
@group(0) @binding(3) var<storage, read> c: array<Element>;
@group(0) @binding(4) var<storage, read_write> result: array<Element>;

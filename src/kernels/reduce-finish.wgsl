// Folds the partial results of the first pass; there are at most a few hundred.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> partial_values: array<Element>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn finish() {
  var total = identity();
  for (var i = 0u; i < parameters.count; i++) {
    total = combine(total, partial_values[i]);
  }
  result[0] = store(total);
}

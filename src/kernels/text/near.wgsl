// The distance of each row's vector to the nearest of some centroids, and the rows where it is too far or too near. Rows too near
// to the threshold for f32 to be sure, whatever the order of the sums, are marked, and stay.
struct Parameters {
  units: u32, each: u32, listed: u32, code: u32,
  count: u32, width: u32, centroids: u32, cosine: u32, far: u32, threshold: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;
@group(0) @binding(2) var<storage, read> centroids: array<f32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> results: array<u32>;

fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

/// The distance, and by how much it may be wrong.
fn distance_to(vector: u32, centroid: u32) -> vec2<f32> {
  let width = parameters.width;
  let terms = f32(width) + 16.0;
  if (parameters.cosine == 0u) {
    var sum = 0.0;
    for (var k = 0u; k < width; k++) {
      let difference = vectors[vector + k] - centroids[centroid + k];
      sum += difference * difference;
    }
    return vec2(sqrt(sum), sqrt(sum) * terms * 1.2e-7 + 1e-18);
  }
  var product = 0.0;
  var squares = 0.0;
  var others = 0.0;
  for (var k = 0u; k < width; k++) {
    let a = vectors[vector + k];
    let b = centroids[centroid + k];
    product += a * b;
    squares += a * a;
    others += b * b;
  }
  if (squares < 1e-18 || others < 1e-18 || squares > 1e18 || others > 1e18) { return vec2(1.0, 3e38); }
  return vec2(1.0 - product / (sqrt(squares) * sqrt(others)), terms * 2.4e-7);
}

@compute @workgroup_size(threads)
fn test_distance(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    var row = unit;
    if (parameters.listed == 1u) { row = rows[unit]; }
    var best = vec2(3e38, 0.0);
    var margin = 0.0;
    for (var centroid = 0u; centroid < parameters.centroids; centroid++) {
      let found = distance_to(row * parameters.width, centroid * parameters.width);
      margin = max(margin, found.y);
      if (!is_finite(found.x)) { margin = 3e38; }
      if (found.x < best.x) { best = found; }
    }
    results[parameters.count + row] = bitcast<u32>(best.x);
    if (abs(best.x - parameters.threshold) <= margin + parameters.threshold * 1.2e-7) {
      results[parameters.count * 2u + row] = 1u;
    } else if ((best.x <= parameters.threshold) == (parameters.far == 1u)) {
      results[row] = parameters.code;
    }
  }
}

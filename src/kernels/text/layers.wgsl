// Around the products of a small classifier: packs the vectors of rows, adds biases, and tests the probability of a class. Of what
// a row has at each layer, `errors` bounds the length of what rounding may have done, whatever the order of the sums.
struct Parameters {
  units: u32, each: u32, listed: u32, code: u32,
  count: u32, width: u32, inputs: u32, rectify: u32, class_at: u32,
  norm: f32, least: f32, most: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<f32>;
@group(0) @binding(4) var<storage, read_write> errors: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> results: array<u32>;

fn row_at(unit: u32) -> u32 {
  if (parameters.listed == 0u) { return unit; }
  return rows[unit];
}

fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

/// `errors` has the length of each vector, and of what may be wrong with it.
@compute @workgroup_size(threads)
fn pack_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    let row = row_at(unit);
    var squares = 0.0;
    for (var k = 0u; k < parameters.width; k++) {
      let value = source[row * parameters.width + k];
      packed[unit * parameters.width + k] = value;
      squares += value * value;
    }
    errors[unit] = vec2(sqrt(squares) * 1.001, 0.0);
  }
}

/// `source` are the biases, `norm` is the length of the longest column of weights and of the biases.
@compute @workgroup_size(threads)
fn add_biases(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    var squares = 0.0;
    for (var k = 0u; k < parameters.width; k++) {
      let at = unit * parameters.width + k;
      var value = packed[at] + source[k];
      if (parameters.rectify == 1u) { value = max(value, 0.0); }
      packed[at] = value;
      squares += value * value;
    }
    let before = errors[unit];
    let each = parameters.norm * (before.y + (f32(parameters.inputs) + 16.0) * 1.2e-7 * (before.x + 1.0));
    errors[unit] = vec2(sqrt(squares) * 1.001, each * sqrt(f32(parameters.width)));
  }
}

/// One number is a logit against 0, several are against each other.
@compute @workgroup_size(threads)
fn test_class(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    let row = row_at(unit);
    let line = unit * parameters.width;
    let own = packed[line + parameters.class_at];
    var sum = 1.0;
    if (parameters.width == 1u) {
      sum += exp(min(-own, 80.0));
    } else {
      for (var k = 0u; k < parameters.width; k++) {
        if (k != parameters.class_at) { sum += exp(min(packed[line + k] - own, 80.0)); }
      }
    }
    let probability = 1.0 / sum;
    let wrong = errors[unit].y;
    let margin = wrong + 1e-4;
    results[parameters.count + row] = bitcast<u32>(probability);
    let near_least = abs(probability - parameters.least) <= margin;
    let near_most = abs(probability - parameters.most) <= margin;
    if (near_least || near_most || !is_finite(wrong) || !is_finite(errors[unit].x) || wrong > 1.0) {
      results[parameters.count * 2u + row] = 1u;
    } else if (probability < parameters.least || probability > parameters.most) {
      results[row] = parameters.code;
    }
  }
}

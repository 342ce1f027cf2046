// Rows whose number is not in a range. Numbers are f64 as two words, compared in the order of their bits: NaN is in no range.
struct Parameters {
  units: u32, each: u32, listed: u32, code: u32,
  least_low: u32, least_high: u32, most_low: u32, most_high: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> numbers: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> results: array<u32>;

fn ordered(bits: vec2<u32>) -> vec2<u32> {
  if ((bits.y & 0x80000000u) != 0u) { return ~bits; }
  return vec2(bits.x, bits.y | 0x80000000u);
}

fn is_less(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

@compute @workgroup_size(threads)
fn test_range(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let least = vec2(parameters.least_low, parameters.least_high);
  let most = vec2(parameters.most_low, parameters.most_high);
  for (var unit = start; unit < end; unit++) {
    var row = unit;
    if (parameters.listed == 1u) { row = rows[unit]; }
    let number = ordered(numbers[row]);
    if (is_less(number, least) || is_less(most, number)) { results[row] = parameters.code; }
  }
}

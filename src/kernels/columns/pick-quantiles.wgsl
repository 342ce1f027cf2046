// Rows stand in order of their groups and values, nulls last: picks a quantile of each group, interpolated linearly.
struct Parameters { column: Column, groups: u32, status: u32, fraction: vec2<u32>, divisor: vec2<u32>, unused: vec2<u32> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read> starts: array<u32>;
@group(0) @binding(5) var<storage, read_write> result: array<f64>;
@group(0) @binding(6) var<storage, read_write> result_validity: array<u32>;
@group(0) @binding(7) var<storage, read_write> status: array<atomic<u32>>;

fn quantile(group: u32) -> f64 {
  let place = bitcast<f64>(bitcast<u64>(parameters.fraction)) * f64(counts[group] - 1u);
  let below = u32(floor(place));
  let low = number_of_row(row_at(starts[group] + below));
  let share = place - f64(below);
  if (share == 0.0lf) { return low; }
  let high = number_of_row(row_at(starts[group] + below + 1u));
  return select(low + (high - low) * share, low, low == high);
}

@compute @workgroup_size(64)
fn pick_quantiles(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let word = id.x + id.y * groups.x * 64u;
  let first = word * 32u;
  if (first >= parameters.groups) { return; }
  let last = min(first + 32u, parameters.groups);
  var valid = 0u;
  for (var group = first; group < last; group++) {
    if (counts[group] > 0u) {
      valid |= 1u << (group & 31u);
      result[group] = quantile(group) / bitcast<f64>(bitcast<u64>(parameters.divisor));
    } else {
      result[group] = 0.0lf;
    }
  }
  result_validity[word] = valid;
  let nulls = last - first - countOneBits(valid);
  if (nulls > 0u) { atomicAdd(&status[parameters.status], nulls); }
}

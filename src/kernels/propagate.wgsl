// One step of values along the edges of a graph in compressed rows: row v holds the edges into node v, in order. Sums are
// made in that order with one rounding for each operation, so that a processor can make the same.
struct Parameters { nodes: u32, units: u32, chunk: u32, is_shared: u32, factor: f32, restart: f32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> row_starts: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> shares: array<f32>;
@group(0) @binding(5) var<storage, read> before: array<Value>;
@group(0) @binding(6) var<storage, read> first: array<Value>;
@group(0) @binding(7) var<storage, read_write> after: array<Value>;

fn step_to(node: u32, unit: u32) {
  let start = row_starts[node];
  let end = row_starts[node + 1u];
  var value = gathered(start, end, unit);
  if (p.is_shared == 1u) {
    value = kept(value * shares[node]);
  }
  value = kept(value * p.factor);
  if (p.restart != 0.0) {
    value = value + kept(first[node * p.units + unit] * p.restart);
  }
  after[node * p.units + unit] = without_tiny(value);
}

@compute @workgroup_size(1)
fn propagate_long(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let part = id.x + id.y * groups.x;
  let end = min((part + 1u) * p.chunk, p.nodes);
  for (var node = part * p.chunk; node < end; node++) {
    for (var unit = 0u; unit < p.units; unit++) {
      step_to(node, unit);
    }
  }
}

@compute @workgroup_size(256)
fn propagate_short(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let thread = id.x + id.y * groups.x * 256u;
  if (thread / p.units < p.nodes) {
    step_to(thread / p.units, thread % p.units);
  }
}

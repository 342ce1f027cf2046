// A thread takes whole lines, and their updates in order: of several for one place the last wins, and sums are the same
// on every run.
struct Parameters { lines: u32, n: u32, m: u32, inner: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> indices: array<I>;
@group(0) @binding(2) var<storage, read> updates: array<E>;
@group(0) @binding(3) var<storage, read_write> result: array<E>;

@compute @workgroup_size(64)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.lines);
  for (var line = start; line < end; line++) {
    let outer = line / parameters.inner;
    let column = line % parameters.inner;
    for (var j = 0u; j < parameters.m; j++) {
      let at = (outer * parameters.m + j) * parameters.inner + column;
      let size = I(parameters.n);
      let given = indices[at];
      let index = clamp(select(given, given + size, given < I(0)), I(0), size - I(1));
      let place = (outer * parameters.n + u32(index)) * parameters.inner + column;
      result[place] = merged(result[place], updates[at]);
    }
  }
}

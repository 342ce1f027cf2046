// One number a thread, with the maximum and the sum of its line.
struct Parameters { count: u32, n: u32, inner: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<T>;
@group(0) @binding(2) var<storage, read_write> result: array<T>;
@group(0) @binding(3) var<storage, read> tops: array<T>;
@group(0) @binding(4) var<storage, read> sums: array<T>;

@compute @workgroup_size(64)
fn apply(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.count);
  for (var i = start; i < end; i++) {
    let line = i / (parameters.n * parameters.inner) * parameters.inner + i % parameters.inner;
    let difference = source[i] - tops[line];
    result[i] = finish(difference, exp(difference), scale_of(sums[line]));
  }
}

// A run of numbers a thread, with the maxima and the sums of their lines.
struct Parameters { count: u32, n: u32, inner: u32, each: u32 }
override threads = 64u;
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<T>;
@group(0) @binding(2) var<storage, read_write> result: array<T>;
@group(0) @binding(3) var<storage, read> tops: array<T>;
@group(0) @binding(4) var<storage, read> sums: array<T>;

@compute @workgroup_size(threads)
fn apply(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(start + parameters.each, parameters.count);
  let inner = parameters.inner;
  for (var i = start; i < end;) {
    let line = i / (parameters.n * inner) * inner;
    if (inner == 1u) {
      let last = min(end, (line + 1u) * parameters.n);
      let top = tops[line];
      let factor = scale_of(sums[line]);
      for (; i < last; i++) {
        let difference = source[i] - top;
        result[i] = finish(difference, power_of(difference), factor);
      }
    } else {
      let column = i % inner;
      let run = min(end - i, inner - column);
      for (var k = 0u; k < run; k++) {
        let difference = source[i + k] - tops[line + column + k];
        result[i + k] = finish(difference, power_of(difference), scale_of(sums[line + column + k]));
      }
      i += run;
    }
  }
}

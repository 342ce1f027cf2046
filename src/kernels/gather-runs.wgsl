// Whole words, when all lines share the indices: a thread copies runs of `inner` words.
struct Parameters {
  words: u32, n: u32, m: u32, inner: u32, each: u32, count: u32, before: u32, low: u32, high: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let inner = parameters.inner;
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.words);
  var column = start % inner;
  var j = start / inner % parameters.m;
  var outer = start / inner / parameters.m;
  for (var word = start; word < end;) {
    let run = min(end - word, inner - column);
    if (is_given(j)) {
      let at = (outer * parameters.n + chosen(outer, j, 0u)) * inner + column;
      for (var k = 0u; k < run; k++) {
        result[word + k] = source[at + k];
      }
    } else {
      for (var k = 0u; k < run; k++) {
        result[word + k] = select(parameters.low, parameters.high, (column + k) % 2u == 1u);
      }
    }
    word += run;
    column = 0u;
    j++;
    if (j == parameters.m) {
      j = 0u;
      outer++;
    }
  }
}

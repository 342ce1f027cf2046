// One word of the result a thread, or a run of them: words are numbers, halves of them, or several.
struct Parameters { words: u32, n: u32, m: u32, inner: u32, each: u32, count: u32, before: u32, low: u32, high: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// `inner` counts numbers here; the number at a position of the result.
fn taken(i: u32) -> u32 {
  let column = i % parameters.inner;
  let j = i / parameters.inner % parameters.m;
  let outer = i / parameters.inner / parameters.m;
  return (outer * parameters.n + chosen(outer, j, column)) * parameters.inner + column;
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.words);
  for (var word = start; word < end; word++) {
    result[word] = word_at(word);
  }
}

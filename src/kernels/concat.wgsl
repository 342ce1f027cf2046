// Copies lines of `length` numbers into lines of `stride`, from `offset` on. A thread takes a run of words of the result
// that the lines touch; where numbers are smaller than words it keeps what others put there.
struct Parameters { length: u32, stride: u32, offset: u32, lines: u32, words: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(64)
fn concat_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.words);
  var line = start / parameters.length;
  var at = start % parameters.length;
  for (var word = start; word < end;) {
    let run = min(end - word, parameters.length - at);
    let target_at = line * parameters.stride + parameters.offset + at;
    for (var k = 0u; k < run; k++) {
      result[target_at + k] = source[word + k];
    }
    word += run;
    at = 0u;
    line++;
  }
}

override bytes = 1u;

@compute @workgroup_size(64)
fn concat_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let numbers = 4u / bytes;
  let bits = bytes * 8u;
  let mask = (1u << bits) - 1u;
  let start = (id.x + id.y * groups.x * 64u) * parameters.each;
  let end = min(start + parameters.each, parameters.words);
  for (var word = start; word < end; word++) {
    var made = result[word];
    for (var k = 0u; k < numbers; k++) {
      let i = word * numbers + k;
      let line = i / parameters.stride;
      let at = i % parameters.stride - parameters.offset;
      if (line < parameters.lines && at < parameters.length) {
        let from_at = line * parameters.length + at;
        let number = (source[from_at / numbers] >> (from_at % numbers * bits)) & mask;
        made = (made & ~(mask << (k * bits))) | (number << (k * bits));
      }
    }
    result[word] = made;
  }
}

@group(0) @binding(2) var<storage, read> starts: array<u32>;

@compute @workgroup_size(1)
fn write_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.words);
  var to = starts[id.x];
  let end = starts[id.x + 1u];
  for (var word = first; word < last && to < end; word++) {
    let bits = mask_at(word);
    let found = countOneBits(bits);
    let row = (word * 32u) & 0x7fffffe0u;
    if (found == 32u) {
      for (var k = 0u; k < 32u; k++) {
        put(to + k, row + k);
      }
    } else if (found > 6u && to + found < end) {
      put_word(bits, to, row);
    } else {
      var at = to;
      for (var rest = bits; rest != 0u; rest &= rest - 1u) {
        put(at, row + countTrailingZeros(rest));
        at++;
      }
    }
    to += found;
  }
}


/// A unit is 32 rows. A thread goes over the bytes of its rows as if they were one text, and asks for the row of what it
/// finds.
@compute @workgroup_size(threads)
fn test_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  if (start >= end) { return; }
  for (var word = start; word < end; word++) {
    result[word & 0x7fffffffu] = 0u;
  }
  var row = start * 32u;
  let last_row = min(end * 32u, parameters.count);
  let last_byte = offsets[last_row];
  var open = offsets[row];
  if (last_byte - open < parameters.pattern_bytes) { return; }
  let last_word = (last_byte + 3u) / 4u;
  var word = open / 4u;
  while (word < last_word) {
    var until = word + 1u;
    if (word + 9u <= last_word) {
      var any = 0u;
      for (var k = 0u; k < 8u; k++) {
        let at = (word + k) & 0x7fffffffu;
        let bytes = differing(values[at], values[at + 1u]);
        any |= (bytes - 0x1010101u) & ~bytes;
      }
      until = word + 8u;
      if ((any & 0x80808080u) == 0u) {
        word = until;
        continue;
      }
    }
    for (; word < until; word++) {
      let next = values[min(word + 1u, parameters.words - 1u)];
      for (var rest = zeros(differing(values[word], next)); rest != 0u; rest &= rest - 1u) {
        let place = word * 4u + countTrailingZeros(rest) / 8u;
        if (place < open || place + parameters.pattern_bytes > last_byte || !is_at(place)) { continue; }
        while (offsets[row + 1u] <= place) {
          row++;
        }
        if (place + parameters.pattern_bytes <= offsets[row + 1u]) {
          result[row / 32u] |= 1u << (row % 32u);
          open = offsets[row + 1u];
          if (open / 4u > word) {
            word = open / 4u - 1u;
            break;
          }
        }
      }
    }
  }
}

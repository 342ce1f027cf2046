// Puts pieces of text one behind the other. A unit is a word of the result; a thread finds its first piece.
struct Parameters { units: u32, each: u32, count: u32, source_words: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;

/// Pieces whose first bytes are asked for together, so that their memory comes together; 0 asks for none.
override ahead = 0u;

/// What the first bytes of some pieces come to: a processor loads them all before it needs one.
fn touch(piece: u32) -> u32 {
  var all = 0u;
  let end = min(piece + ahead, parameters.count);
  for (var i = piece; i < end; i++) {
    all |= source[min(starts[i & 0x7fffffffu] / 4u, parameters.source_words - 1u)];
  }
  return all;
}

/// The last piece that starts at a byte or before it: it is not empty.
fn piece_at(at: u32) -> u32 {
  var low = 0u;
  var high = parameters.count - 1u;
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    if (offsets[middle] <= at) { low = middle; } else { high = middle - 1u; }
  }
  return low;
}

@compute @workgroup_size(threads)
fn copy_spans(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  var word = first_unit(id, groups);
  let end = min(word + parameters.each, parameters.units);
  if (word >= end) { return; }
  var piece = piece_at(word * 4u);
  let skipped = word * 4u - offsets[piece];
  var held = 0u;
  var filled = 0u;
  var from_byte = starts[piece] + skipped;
  var left = offsets[piece + 1u] - offsets[piece] - skipped;
  var touched = 0u;
  var known = piece;
  loop {
    if (ahead > 0u && piece == known) {
      touched |= touch(piece + 1u);
      known = piece + ahead;
    }
    while (left >= 4u && word < end) {
      let bytes = four_bytes(from_byte);
      result[word] = held | (bytes << filled);
      held = select(bytes >> ((32u - filled) & 31u), 0u, filled == 0u);
      from_byte += 4u;
      left -= 4u;
      word++;
    }
    if (word >= end) { break; }
    if (left > 0u) {
      let bytes = four_bytes(from_byte) & ((1u << (left * 8u)) - 1u);
      held |= bytes << filled;
      filled += left * 8u;
      if (filled >= 32u) {
        result[word] = held;
        word++;
        filled -= 32u;
        held = select(bytes >> (left * 8u - filled), 0u, filled == 0u);
        if (word >= end) { break; }
      }
    }
    piece++;
    if (piece >= parameters.count) { break; }
    from_byte = starts[piece];
    left = offsets[piece + 1u] - offsets[piece];
  }
  if (word < end) {
    result[word] = held | select(0u, touched, parameters.count == 0xffffffffu);
  }
}

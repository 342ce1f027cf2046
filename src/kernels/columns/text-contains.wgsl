// Whether a pattern of at least one byte is in the text of a row.
struct Parameters { units: u32, each: u32, count: u32, words: u32, pattern_bytes: u32, two: u32, bytes: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> pattern: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;

/// Whether the pattern stands where its first two bytes do.
fn is_at(at: u32) -> bool {
  if (parameters.pattern_bytes <= 2u) { return true; }
  for (var i = 0u; i < parameters.pattern_bytes; i += 4u) {
    let left = parameters.pattern_bytes - i;
    let mask = select(0xffffffffu, (1u << ((left * 8u) & 31u)) - 1u, left < 4u);
    if (((four_bytes(at + i) ^ pattern[i / 4u]) & mask) != 0u) { return false; }
  }
  return true;
}

/// What is 0 where the first two bytes of the pattern are.
fn differing(word: u32, next: u32) -> u32 {
  let first = word ^ ((parameters.bytes & 0xffu) * 0x1010101u);
  let second = ((word >> 8u) | (next << 24u)) ^ ((parameters.bytes >> 8u) * 0x1010101u);
  return first | (second & parameters.two);
}

/// The top bit of each byte that is 0.
fn zeros(bytes: u32) -> u32 {
  return ~(((bytes & 0x7f7f7f7fu) + 0x7f7f7f7fu) | bytes) & 0x80808080u;
}

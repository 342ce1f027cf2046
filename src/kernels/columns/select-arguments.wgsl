// Rows whose bit is set, in order. First a count for each chunk of words, then each chunk writes from its start on.
struct Parameters { rows: u32, words: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> mask: array<u32>;

/// A word of the mask, without what lies behind the last row.
fn mask_at(word: u32) -> u32 {
  let left = parameters.rows - word * 32u;
  return select(mask[word], mask[word] & ((1u << (left & 31u)) - 1u), left < 32u);
}


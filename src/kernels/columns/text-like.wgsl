// Whether the text of a row is like a pattern of bytes, single characters (256) and runs of any (257).
struct Parameters { units: u32, each: u32, count: u32, words: u32, tokens: u32, masked: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> pattern: array<u32>;
@group(0) @binding(5) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;

fn byte_at(at: u32) -> u32 {
  return (values[at / 4u] >> (at % 4u * 8u)) & 0xffu;
}

/// The byte behind the character that starts at one.
fn behind(at: u32, end: u32) -> u32 {
  var next = at + 1u;
  while (next < end && (byte_at(next) & 0xc0u) == 0x80u) {
    next++;
  }
  return next;
}

/// The next place of a token that is a byte.
fn seek(first: u32, end: u32, token: u32) -> u32 {
  if (token > 255u) { return first; }
  let wanted = token * 0x1010101u;
  for (var at = first; at < end; at += 4u) {
    let bytes = four_bytes(at) ^ wanted;
    let zeros = (bytes - 0x1010101u) & ~bytes & 0x80808080u;
    if (zeros != 0u) { return min(end, at + countTrailingZeros(zeros) / 8u); }
  }
  return end;
}

/// Of several places for what stands between two runs the first one is good enough.
fn holds(row: u32) -> bool {
  if (parameters.masked == 1u && ((rows[row / 32u] >> (row % 32u)) & 1u) == 0u) { return false; }
  var at = offsets[row];
  let end = offsets[row + 1u];
  var token = 0u;
  var retry_token = 0xffffffffu;
  var retry_at = 0u;
  loop {
    var wanted = 258u;
    if (token < parameters.tokens) {
      wanted = pattern[token];
    }
    if (wanted == 257u) {
      token++;
      if (token == parameters.tokens) { return true; }
      retry_token = token;
      retry_at = seek(at, end, pattern[token]);
      at = retry_at;
      continue;
    }
    if (wanted == 258u && at == end) { return true; }
    if (at < end && wanted == byte_at(at)) {
      at++;
      token++;
      continue;
    }
    if (at < end && wanted == 256u) {
      at = behind(at, end);
      token++;
      continue;
    }
    if (retry_token == 0xffffffffu || retry_at >= end) { return false; }
    retry_at = seek(behind(retry_at, end), end, pattern[retry_token]);
    at = retry_at;
    token = retry_token;
  }
}

// A pass over up to 11 bits for processors: a thread takes a contiguous chunk. What goes to a digit's place is staged until
// a cache line is full, because scattered stores into 2,048 places miss their caches.
struct Parameters { rows: u32, n: u32, inner: u32, keep: u32, chunks: u32, chunk: u32, shift: u32, mask: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(8) var<storage, read_write> counts: array<u32>;

const digits = 2048u;
const staged = 8u;

@compute @workgroup_size(1)
fn count(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.n);
  var table: array<u32, digits>;
  for (var at = first; at < last; at++) {
    table[digit_of(key_at(0u, at), parameters.shift, parameters.mask)] += 1u;
  }
  for (var digit = 0u; digit <= parameters.mask; digit++) {
    counts[digit * parameters.chunks + id.x] = table[digit];
  }
}

@compute @workgroup_size(1)
fn scatter(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.n);
  var starts: array<u32, digits>;
  var places: array<u32, digits>;
  var keys: array<U, digits * staged>;
  var indices: array<u32, digits * staged>;
  for (var digit = 0u; digit <= parameters.mask; digit++) {
    let start = counts[digit * parameters.chunks + id.x];
    starts[digit] = start;
    places[digit] = start;
  }
  for (var at = first; at < last; at++) {
    let key = key_at(0u, at);
    let digit = digit_of(key, parameters.shift, parameters.mask);
    let line = digit * staged;
    let to = places[digit];
    places[digit] = to + 1u;
    keys[line + to % staged] = key;
    indices[line + to % staged] = index_at(0u, at);
    if (to % staged == staged - 1u) {
      let line_start = to - (staged - 1u);
      if (line_start >= starts[digit]) {
        for (var k = 0u; k < staged; k++) {
          put(0u, line_start + k, keys[line + k], indices[line + k]);
        }
      } else {
        for (var place = starts[digit]; place <= to; place++) {
          put(0u, place, keys[line + place % staged], indices[line + place % staged]);
        }
      }
    }
  }
  for (var digit = 0u; digit <= parameters.mask; digit++) {
    let end = places[digit];
    for (var place = max(starts[digit], end / staged * staged); place < end; place++) {
      put(0u, place, keys[digit * staged + place % staged], indices[digit * staged + place % staged]);
    }
  }
}

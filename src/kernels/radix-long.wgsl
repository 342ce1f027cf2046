// A pass over 8 bits. A thread takes a contiguous chunk of a row, and a table of its own.
struct Parameters { rows: u32, n: u32, inner: u32, keep: u32, chunks: u32, chunk: u32, shift: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(8) var<storage, read_write> counts: array<u32>;

const digits = 256u;

@compute @workgroup_size(1)
fn count(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let unit = id.x + id.y * groups.x;
  if (unit >= parameters.rows * parameters.chunks) { return; }
  let row = unit / parameters.chunks;
  let chunk = unit % parameters.chunks;
  let first = chunk * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.n);
  var table: array<u32, digits>;
  for (var at = first; at < last; at++) {
    table[digit_of(key_at(row, at), parameters.shift, digits - 1u)] += 1u;
  }
  for (var digit = 0u; digit < digits; digit++) {
    counts[(row * digits + digit) * parameters.chunks + chunk] = table[digit];
  }
}

@compute @workgroup_size(1)
fn scatter(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let unit = id.x + id.y * groups.x;
  if (unit >= parameters.rows * parameters.chunks) { return; }
  let row = unit / parameters.chunks;
  let chunk = unit % parameters.chunks;
  let first = chunk * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.n);
  var places: array<u32, digits>;
  for (var digit = 0u; digit < digits; digit++) {
    places[digit] = counts[(row * digits + digit) * parameters.chunks + chunk];
  }
  for (var at = first; at < last; at++) {
    let key = key_at(row, at);
    let digit = digit_of(key, parameters.shift, digits - 1u);
    let to = places[digit];
    places[digit] = to + 1u;
    put(row, to, key, index_at(row, at));
  }
}

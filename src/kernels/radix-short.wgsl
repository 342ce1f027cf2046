// A pass over 4 bits. A workgroup takes a tile of 2,048 keys, eight in a row each thread; two counters share a word.
struct Parameters { rows: u32, n: u32, inner: u32, keep: u32, chunks: u32, chunk: u32, shift: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(8) var<storage, read_write> counts: array<u32>;

const digits = 16u;
const threads = 256u;
const each = 8u;
var<workgroup> packed: array<array<u32, threads>, 8>;
var<workgroup> places: array<u32, digits>;

/// Leaves what a thread's keys come to in its column of the counters.
fn count_own(row: u32, first: u32, last: u32, local: u32) {
  for (var word = 0u; word < 8u; word++) {
    packed[word][local] = 0u;
  }
  for (var at = first; at < last; at++) {
    let digit = digit_of(key_at(row, at), parameters.shift, digits - 1u);
    packed[digit / 2u][local] += 1u << (digit % 2u * 16u);
  }
}

/// Inclusive sums over the threads, of all counters at once (Hillis and Steele, 1986).
fn scan_counts(local: u32) {
  for (var distance = 1u; distance < threads; distance *= 2u) {
    var before: array<u32, 8>;
    if (local >= distance) {
      for (var word = 0u; word < 8u; word++) {
        before[word] = packed[word][local - distance];
      }
    }
    workgroupBarrier();
    for (var word = 0u; word < 8u; word++) {
      packed[word][local] += before[word];
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(threads)
fn count(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let unit = id.x + id.y * groups.x;
  let row = unit / parameters.chunks;
  let chunk = unit % parameters.chunks;
  let first = min(chunk * parameters.chunk + local * each, parameters.n);
  let last = select(first, min(first + each, parameters.n), row < parameters.rows);
  count_own(row, first, last, local);
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) {
      for (var word = 0u; word < 8u; word++) {
        packed[word][local] += packed[word][local + width];
      }
    }
    workgroupBarrier();
  }
  if (local < digits && row < parameters.rows) {
    let total = (packed[local / 2u][0] >> (local % 2u * 16u)) & 0xffffu;
    counts[(row * digits + local) * parameters.chunks + chunk] = total;
  }
}

@compute @workgroup_size(threads)
fn scatter(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let unit = id.x + id.y * groups.x;
  let row = unit / parameters.chunks;
  let chunk = unit % parameters.chunks;
  let first = min(chunk * parameters.chunk + local * each, parameters.n);
  let last = select(first, min(first + each, parameters.n), row < parameters.rows);
  count_own(row, first, last, local);
  if (local < digits && row < parameters.rows) {
    places[local] = counts[(row * digits + local) * parameters.chunks + chunk];
  }
  workgroupBarrier();
  scan_counts(local);
  var before: array<u32, 8>;
  if (local > 0u) {
    for (var word = 0u; word < 8u; word++) {
      before[word] = packed[word][local - 1u];
    }
  }
  workgroupBarrier();
  for (var word = 0u; word < 8u; word++) {
    packed[word][local] = before[word];
  }
  for (var at = first; at < last; at++) {
    let key = key_at(row, at);
    let digit = digit_of(key, parameters.shift, digits - 1u);
    let half = digit % 2u * 16u;
    let rank = (packed[digit / 2u][local] >> half) & 0xffffu;
    packed[digit / 2u][local] += 1u << half;
    put(row, places[digit] + rank, key, index_at(row, at));
  }
}

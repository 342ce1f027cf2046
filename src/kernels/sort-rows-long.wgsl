// A thread sorts whole rows by itself: few numbers by insertion, more by radix with a table of its own. Passes in which
// all keys share the digit are left out. The table is cleared by hand: lavapipe clears a variable of a loop only once.
struct Parameters { rows: u32, n: u32, inner: u32, keep: u32, bits: u32, passes: u32, threads: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> keys: array<U>;

const digits = 256u;
const few = 48u;

fn insert_all(row: u32, base: u32) {
  for (var at = 0u; at < parameters.n; at++) {
    let key = key_at(row, at);
    var to = at;
    while (to > 0u && keys[base + to - 1u] > key) {
      keys[base + to] = keys[base + to - 1u];
      set_index(base + to, index_in(base + to - 1u));
      to--;
    }
    keys[base + to] = key;
    set_index(base + to, at);
  }
}

/// Sorts in two halves of the thread's scratch memory, and returns where the result is.
fn radix_all(row: u32, base: u32) -> u32 {
  let n = parameters.n;
  for (var at = 0u; at < n; at++) {
    keys[base + at] = key_at(row, at);
    set_index(base + at, at);
  }
  var current = base;
  var other = base + n;
  var table: array<u32, digits>;
  for (var byte = 0u; byte < parameters.passes; byte++) {
    let shift = byte * 8u;
    for (var digit = 0u; digit < digits; digit++) {
      table[digit] = 0u;
    }
    for (var at = 0u; at < n; at++) {
      table[digit_of(keys[current + at], shift, digits - 1u)] += 1u;
    }
    if (table[digit_of(keys[current], shift, digits - 1u)] == n) { continue; }
    var total = 0u;
    for (var digit = 0u; digit < digits; digit++) {
      let count = table[digit];
      table[digit] = total;
      total += count;
    }
    for (var at = 0u; at < n; at++) {
      let key = keys[current + at];
      let digit = digit_of(key, shift, digits - 1u);
      let to = other + table[digit];
      table[digit] += 1u;
      keys[to] = key;
      set_index(to, index_in(current + at));
    }
    let swapped = current;
    current = other;
    other = swapped;
  }
  return current;
}

@compute @workgroup_size(1)
fn sort_rows(@builtin(workgroup_id) id: vec3<u32>) {
  let start = id.x * parameters.each;
  let end = min(start + parameters.each, parameters.rows);
  let base = id.x * 2u * parameters.n;
  for (var row = start; row < end; row++) {
    var sorted = base;
    if (parameters.n <= few) {
      insert_all(row, base);
    } else {
      sorted = radix_all(row, base);
    }
    for (var at = 0u; at < parameters.keep; at++) {
      put(row, at, keys[sorted + at], index_in(sorted + at));
    }
  }
}

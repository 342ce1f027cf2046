// Rows by where their keys stand among the starts of bins, which ascend. Nulls and what is outside all bins do not count.
@group(0) @binding(4) var<storage, read> starts: array<U>;

fn last_key() -> U { return starts[parameters.groups]; }

fn takes_part(row: u32) -> bool {
  let key = key_of_row(row);
  return is_valid(row) && key >= starts[0] && key <= last_key();
}

/// The last bin that starts at or below the key.
fn group_of_row(row: u32) -> u32 {
  let key = key_of_row(row);
  var low = 0u;
  var high = parameters.groups - 1u;
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    if (starts[middle] <= key) {
      low = middle;
    } else {
      high = middle - 1u;
    }
  }
  return low;
}

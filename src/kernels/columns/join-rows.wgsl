// Count, scan, emit. A thread takes `each` rows in a row, and writes what they come to from its place on.
struct Joining {
  count: u32, each: u32, chunks: u32,
  /// Whether rows with a match are in the result, and rows without.
  with_matched: u32, with_missing: u32
}
@group(0) @binding(0) var<uniform> joining: Joining;
@group(0) @binding(1) var<storage, read> matched: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
@group(0) @binding(5) var<storage, read> places: array<u32>;
@group(0) @binding(6) var<storage, read_write> left: array<u32>;

const none = 0xffffffffu;

fn thread_at(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
  return (group.x + group.y * groups.x) * threads + local;
}

/// 64-bit counts: the low words of all threads and a 0, then the high words.
@compute @workgroup_size(threads)
fn count_matches(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_at(group, groups, local);
  if (thread >= joining.chunks) { return; }
  let first = thread * joining.each;
  let last = min(first + joining.each, joining.count);
  var low = 0u;
  var high = 0u;
  for (var row = first; row < last; row++) {
    let match_of_row = matched[row];
    var size = joining.with_missing;
    if (match_of_row != none) {
      size = 0u;
      if (joining.with_matched != 0u) { size = size_of(match_of_row); }
    }
    low += size;
    high += u32(low < size);
  }
  counts[thread] = low;
  counts[joining.chunks + 1u + thread] = high;
  if (thread == 0u) { counts[joining.chunks] = 0u; }
}

@compute @workgroup_size(threads)
fn emit_matches(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let thread = thread_at(group, groups, local);
  if (thread >= joining.chunks) { return; }
  let first = thread * joining.each;
  let last = min(first + joining.each, joining.count);
  var at = places[thread];
  for (var row = first; row < last; row++) {
    let match_of_row = matched[row];
    if (match_of_row == none) {
      if (joining.with_missing != 0u) {
        left[at] = row;
        put_right(at, none);
        at++;
      }
    } else if (joining.with_matched != 0u) {
      let size = size_of(match_of_row);
      for (var k = 0u; k < size; k++) {
        left[at] = row;
        put_right(at, right_of(match_of_row, k));
        at++;
      }
    }
  }
}

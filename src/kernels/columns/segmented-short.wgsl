// Scans that start anew with each segment: a workgroup takes a contiguous chunk, 256 rows at a time.
const threads = 256u;
var<workgroup> sums: array<A, threads>;
var<workgroup> flags: array<u32, threads>;

/// Inclusive sums since the last start among the rows of a tile (Hillis and Steele, 1986).
fn scan_tile(value: A, flag: u32, local: u32) {
  sums[local] = value;
  flags[local] = flag;
  workgroupBarrier();
  for (var distance = 1u; distance < threads; distance *= 2u) {
    var sum = sums[local];
    var seen = flags[local];
    if (local >= distance) {
      if (seen == 0u) {
        sum = combine(sums[local - distance], sum);
      }
      seen |= flags[local - distance];
    }
    workgroupBarrier();
    sums[local] = sum;
    flags[local] = seen;
    workgroupBarrier();
  }
}

fn since_start(carried: A, at: u32) -> A {
  if (flags[at] == 1u) { return sums[at]; }
  return combine(carried, sums[at]);
}

fn walk(chunk: u32, start_with: A, local: u32, writes: bool) {
  let first = chunk * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var carried = start_with;
  var seen = 0u;
  for (var start = first; start < last; start += threads) {
    let i = start + local;
    var value = identity();
    var flag = 0u;
    if (i < last) {
      value = value_at(i);
      flag = select(0u, 1u, starts_at(i));
    }
    scan_tile(value, flag, local);
    if (writes && i < last) {
      var before = carried;
      if (flag == 1u) {
        before = identity();
      } else if (local > 0u) {
        before = since_start(carried, local - 1u);
      }
      put(i, before, since_start(carried, local));
    }
    carried = since_start(carried, threads - 1u);
    seen |= flags[threads - 1u];
    workgroupBarrier();
  }
  if (!writes && local == 0u) {
    totals[chunk] = carried;
    marks[chunk] = seen;
  }
}

@compute @workgroup_size(threads)
fn sum_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  walk(id.x, identity(), local, false);
}

@compute @workgroup_size(threads)
fn scan_chunks(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  walk(id.x, totals[id.x], local, true);
}

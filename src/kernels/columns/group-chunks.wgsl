// Few groups, for a CPU: each thread has a small table for its chunk of rows; then one thread joins the tables.
const block = 64u;
const most_groups = 2048u;
const joined_slots = 262144u;

@group(0) @binding(2) var<storage, read_write> ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> tables: array<u32>;
@group(0) @binding(4) var<storage, read_write> lists: array<u32>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;
@group(0) @binding(6) var<storage, read_write> joined: array<u32>;
@group(0) @binding(7) var<storage, read_write> representatives: array<u32>;

/// `ids` become places in the tables, which hold first rows; lists have the used places in the order of those rows.
@compute @workgroup_size(1)
fn group_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  let slots = parameters.slots;
  let base = id.x * slots;
  let list = id.x * most_groups;
  for (var slot = 0u; slot < slots; slot++) {
    tables[base + slot] = none;
  }
  var groups = 0u;
  var hashes: array<u32, block>;
  for (var row = first; row < last; row++) {
    if ((row - first) % block == 0u) {
      // A loop that only hashes becomes vector instructions.
      let size = min(block, last - row);
      for (var k = 0u; k < size; k++) {
        hashes[k] = hash_of(row + k);
      }
    }
    var slot = hashes[(row - first) % block] & (slots - 1u);
    var probes = 0u;
    loop {
      let found = tables[base + slot];
      if (found == none) {
        if (groups == most_groups) {
          counts[id.x] = none;
          return;
        }
        tables[base + slot] = row;
        lists[list + groups] = base + slot;
        groups++;
        break;
      }
      if (is_same(found, row)) { break; }
      slot = (slot + 1u) & (slots - 1u);
      probes++;
      if (probes > parameters.most_probes) {
        counts[id.x] = none;
        return;
      }
    }
    ids[row] = base + slot;
  }
  counts[id.x] = groups;
}

/// First rows in the tables become numbers of groups. The number of groups, or `none`, stands behind the counts.
@compute @workgroup_size(1)
fn join_chunks() {
  let chunks = parameters.chunks;
  var groups = 0u;
  for (var chunk = 0u; chunk < chunks; chunk++) {
    if (counts[chunk] == none) {
      counts[chunks] = none;
      return;
    }
  }
  for (var slot = 0u; slot < joined_slots; slot++) {
    joined[slot] = none;
  }
  for (var chunk = 0u; chunk < chunks; chunk++) {
    for (var k = 0u; k < counts[chunk]; k++) {
      let at = lists[chunk * most_groups + k];
      let row = tables[at];
      var slot = hash_of(row) & (joined_slots - 1u);
      loop {
        let found = joined[slot];
        if (found == none) {
          joined[slot] = groups;
          representatives[groups] = row;
          tables[at] = groups;
          groups++;
          break;
        }
        if (is_same(representatives[found], row)) {
          tables[at] = found;
          break;
        }
        slot = (slot + 1u) & (joined_slots - 1u);
      }
    }
  }
  counts[chunks] = groups;
}

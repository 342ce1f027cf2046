// Open addressing with linear probing (Knuth, TAOCP 3, 6.4). A slot holds the first row with its key.
// A hash's upper bits choose the slot, so that keys sorted by them meet a part of the table at a time.
@group(0) @binding(5) var<storage, read_write> table: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> ids: array<u32>;
@group(0) @binding(7) var<storage, read_write> trouble: array<atomic<u32>>;

fn slot_of(row: u32) -> u32 {
  var slot = hash_of(row) >> (countLeadingZeros(parameters.slots) + 1u);
  var probes = 0u;
  loop {
    let found = atomicLoad(&table[slot]);
    if (found == none) {
      if (atomicCompareExchangeWeak(&table[slot], none, row).exchanged) { return slot; }
      continue;
    }
    if (is_same(found, row)) {
      if (found > row) { atomicMin(&table[slot], row); }
      return slot;
    }
    slot = (slot + 1u) & (parameters.slots - 1u);
    probes++;
    if (probes > parameters.most_probes) {
      atomicStore(&trouble[0], 1u);
      return slot;
    }
    if (probes % 64u == 0u && atomicLoad(&trouble[0]) != 0u) { return slot; }
  }
}

@compute @workgroup_size(threads)
fn insert_rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = thread_of(group, groups, local) * parameters.each;
  let last = min(first + parameters.each, parameters.count);
  for (var row = first; row < last; row++) {
    ids[row] = slot_of(row);
  }
}

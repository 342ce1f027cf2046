// The keys of a part, in the order of their rows, by a table that grows. The keys of its groups move to its front.
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> slots: array<u32>;
@group(0) @binding(4) var<storage, read_write> table: array<u32>;
@group(0) @binding(5) var<storage, read> regions: array<u32>;
@group(0) @binding(6) var<storage, read_write> trouble: array<atomic<u32>>;

const parts = 256u;
const block = 64u;
const first_size = 2048u;

fn part_start(part: u32) -> u32 {
  if (part == parts) { return parameters.count; }
  return places[part * parameters.chunks];
}

fn clear(base: u32, size: u32) {
  for (var slot = 0u; slot < size; slot++) {
    table[(base + slot) & 0x7fffffffu] = none;
  }
}

/// Where the key is, or would go; `none` after too many probes. The table holds groups, from `start` on in `keys`.
fn find(base: u32, size: u32, start: u32, at: u32, hash: u32) -> u32 {
  var slot = hash & (size - 1u);
  var probes = 0u;
  loop {
    let group = table[base + slot];
    if (group == none) { return slot; }
    if (is_same(start + group, at)) { return slot; }
    slot = (slot + 1u) & (size - 1u);
    probes++;
    if (probes > parameters.most_probes) { return none; }
  }
}

fn group_part(base: u32, start: u32, end: u32) {
  let most = 2u << (32u - countLeadingZeros(end - start - 1u));
  var size = min(first_size, most);
  clear(base, size);
  var groups = 0u;
  var hashes: array<u32, block>;
  for (var at = start; at < end; at++) {
    if ((at - start) % block == 0u) {
      // A loop that only hashes becomes vector instructions.
      let ahead = min(block, end - at);
      for (var k = 0u; k < ahead; k++) {
        hashes[k] = hash_of(at + k);
      }
    }
    let hash = hashes[(at - start) % block];
    var slot = find(base, size, start, at, hash);
    if (slot == none) {
      atomicStore(&trouble[0], 1u);
      return;
    }
    var group = table[base + slot];
    if (group != none) {
      slots[at] = start + group;
      continue;
    }
    if (groups * 4u >= size && size < most) {
      size *= 4u;
      if (size > most) { size = most; }
      clear(base, size);
      for (var known = 0u; known < groups; known++) {
        var free = hash_of(start + known) & (size - 1u);
        while (table[base + free] != none) { free = (free + 1u) & (size - 1u); }
        table[base + free] = known;
      }
      slot = find(base, size, start, at, hash);
      if (slot == none) {
        atomicStore(&trouble[0], 1u);
        return;
      }
    }
    table[base + slot] = groups;
    copy_key(at, start + groups);
    slots[at] = (start + groups) | 0x80000000u;
    groups++;
  }
}

/// A worker takes every so many-th part; `slots` of the parameters is the number of workers.
@compute @workgroup_size(1)
fn group_parts(@builtin(workgroup_id) id: vec3<u32>) {
  for (var part = id.x; part < parts; part += parameters.slots) {
    let start = part_start(part);
    let end = part_start(part + 1u);
    if (start < end && atomicLoad(&trouble[0]) == 0u) { group_part(regions[id.x], start, end); }
  }
}

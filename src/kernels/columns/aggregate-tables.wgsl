@group(0) @binding(5) var<storage, read_write> tables: array<A>;

/// A thread has a table of its own, of all groups.
@compute @workgroup_size(threads)
fn fill_tables(@builtin(global_invocation_id) id: vec3<u32>) {
  let table = id.x;
  if (table >= parameters.tables) { return; }
  let base = table * parameters.groups;
  for (var slot = base; slot < base + parameters.groups; slot++) {
    tables[slot] = A();
  }
  let first = table * parameters.chunk;
  let last = select(parameters.count, min(first + parameters.chunk, parameters.count), parameters.step == 1u);
  for (var at = first; at < last; at += parameters.step) {
    if (takes_part(at)) {
      let slot = base + group_of_row(at);
      var group = tables[slot];
      absorb(&group, at);
      tables[slot] = group;
    }
  }
}

/// All rows are one group.
@compute @workgroup_size(threads)
fn fold_rows(@builtin(global_invocation_id) id: vec3<u32>) {
  let table = id.x;
  if (table >= parameters.tables) { return; }
  let first = table * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var all = A();
  for (var at = first; at < last; at++) {
    if (takes_part(at)) { absorb(&all, at); }
  }
  tables[table] = all;
}

/// All rows are one group, with four sums in flight.
@compute @workgroup_size(threads)
fn fold_apart(@builtin(global_invocation_id) id: vec3<u32>) {
  let table = id.x;
  if (table >= parameters.tables) { return; }
  let first = min(table * parameters.chunk, parameters.count);
  let last = min(first + parameters.chunk, parameters.count);
  let whole = first + (last - first) / 4u * 4u;
  var a = A();
  var b = A();
  var c = A();
  var d = A();
  for (var at = first; at < whole; at += 4u) {
    if (takes_part(at)) { absorb(&a, at); }
    if (takes_part(at + 1u)) { absorb(&b, at + 1u); }
    if (takes_part(at + 2u)) { absorb(&c, at + 2u); }
    if (takes_part(at + 3u)) { absorb(&d, at + 3u); }
  }
  for (var at = whole; at < last; at++) {
    if (takes_part(at)) { absorb(&a, at); }
  }
  tables[table] = merged(merged(a, b), merged(c, d));
}


/// A text on its way; four of them take turns, because a step has to wait for the one before it.
struct Lane { row: u32, place: u32, end: u32, state: u32 }
const none = 0xffffffffu;

/// The lane itself as long as its text goes on, else one with the next row.
fn going_on(given: Lane, next: ptr<function, u32>, last: u32) -> Lane {
  var lane = given;
  while (lane.place == lane.end || lane.state < parameters.decided) {
    if (lane.row != none) { finish(lane.row, lane.state); }
    if (*next == last) { return Lane(none, 0u, 0u, 0u); }
    let row = row_at(*next);
    *next += 1u;
    lane = Lane(row, offsets[row], offsets[row + 1u], parameters.start);
  }
  return lane;
}

fn complete(lane: Lane) {
  if (lane.row == none) { return; }
  var state = lane.state;
  for (var at = lane.place; at < lane.end && state >= parameters.decided; at++) {
    state = table[state + classes[byte_at(at)]];
  }
  finish(lane.row, state);
}

@compute @workgroup_size(threads)
fn scan_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  var next = first_unit(id, groups);
  let last = min(next + parameters.each, parameters.units);
  if (next >= last) { return; }
  var a = Lane(none, 0u, 0u, 0u);
  var b = a;
  var c = a;
  var d = a;
  loop {
    a = going_on(a, &next, last);
    b = going_on(b, &next, last);
    c = going_on(c, &next, last);
    d = going_on(d, &next, last);
    if (a.row == none || b.row == none || c.row == none || d.row == none) { break; }
    let steps = min(min(64u, min(a.end - a.place, b.end - b.place)), min(c.end - c.place, d.end - d.place));
    var sa = a.state;
    var sb = b.state;
    var sc = c.state;
    var sd = d.state;
    for (var k = 0u; k < steps; k++) {
      sa = table[sa + classes[byte_at(a.place + k)]];
      sb = table[sb + classes[byte_at(b.place + k)]];
      sc = table[sc + classes[byte_at(c.place + k)]];
      sd = table[sd + classes[byte_at(d.place + k)]];
    }
    a = Lane(a.row, a.place + steps, a.end, sa);
    b = Lane(b.row, b.place + steps, b.end, sb);
    c = Lane(c.row, c.place + steps, c.end, sc);
    d = Lane(d.row, d.place + steps, d.end, sd);
  }
  complete(a);
  complete(b);
  complete(c);
  complete(d);
}

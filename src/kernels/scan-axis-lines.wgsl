// A thread walks lines, or parts of a line, from its start. The first pass, for parts, leaves what each part comes to.
struct Parameters { lines: u32, n: u32, inner: u32, parts: u32, chunk: u32, each: u32, reverse: u32, exclusive: u32 }
override threads = 64u;
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<E>;
@group(0) @binding(2) var<storage, read_write> result: array<R>;
@group(0) @binding(3) var<storage, read_write> carries: array<A>;

fn place(line: u32, at: u32) -> u32 {
  let n = parameters.n;
  let forward = select(at, n - 1u - at, parameters.reverse == 1u);
  return (line / parameters.inner * n + forward) * parameters.inner + line % parameters.inner;
}

/// Units are parts of lines; neighbouring threads take neighbouring lines.
fn line_of(unit: u32) -> u32 {
  return unit % parameters.lines;
}

fn part_of(unit: u32) -> u32 {
  return unit / parameters.lines;
}

@compute @workgroup_size(threads)
fn sum_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(start + parameters.each, parameters.lines * parameters.parts);
  for (var unit = start; unit < end; unit++) {
    let line = line_of(unit);
    let first = part_of(unit) * parameters.chunk;
    let last = min(first + parameters.chunk, parameters.n);
    var total = identity();
    for (var at = first; at < last; at++) {
      total = absorb(total, source[place(line, at)], at, 0u);
    }
    carries[unit] = total;
  }
}

/// What comes before each part, in place.
@compute @workgroup_size(threads)
fn carry(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let line = id.x + id.y * groups.x * threads;
  if (line < parameters.lines) {
    var total = identity();
    for (var part = 0u; part < parameters.parts; part++) {
      let at = part * parameters.lines + line;
      let value = carries[at];
      carries[at] = total;
      total = combine(total, value);
    }
  }
}

fn walk(unit: u32, carried: A) {
  let line = line_of(unit);
  let first = part_of(unit) * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.n);
  var total = carried;
  for (var at = first; at < last; at++) {
    let i = place(line, at);
    let before = total;
    total = absorb(total, source[i], at, 0u);
    if (parameters.exclusive == 1u) {
      result[i] = store(before, 0u, 1u);
    } else {
      result[i] = store(total, 0u, 1u);
    }
  }
}

@compute @workgroup_size(threads)
fn scan_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(start + parameters.each, parameters.lines * parameters.parts);
  for (var unit = start; unit < end; unit++) {
    walk(unit, carries[unit]);
  }
}

@compute @workgroup_size(threads)
fn scan_lines(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(start + parameters.each, parameters.lines);
  for (var unit = start; unit < end; unit++) {
    walk(unit, identity());
  }
}

const strip = 16u;

/// Sixteen neighbouring columns at once, where lines lie apart: whole cache lines are used as they come.
@compute @workgroup_size(threads)
fn scan_strips(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x * threads) * parameters.each;
  let strips = (parameters.inner + strip - 1u) / strip;
  let end = min(start + parameters.each, parameters.lines / parameters.inner * strips);
  for (var unit = start; unit < end; unit++) {
    let column = unit % strips * strip;
    let line = unit / strips * parameters.inner + column;
    if (column + strip > parameters.inner) {
      for (var k = line; k < line + parameters.inner - column; k++) {
        walk(k, identity());
      }
      continue;
    }
    var totals: array<A, strip>;
    for (var k = 0u; k < strip; k++) {
      totals[k] = identity();
    }
    for (var at = 0u; at < parameters.n; at++) {
      let i = place(line, at);
      for (var k = 0u; k < strip; k++) {
        let before = totals[k];
        totals[k] = absorb(before, source[i + k], at, 0u);
        if (parameters.exclusive == 1u) {
          result[i + k] = store(before, 0u, 1u);
        } else {
          result[i + k] = store(totals[k], 0u, 1u);
        }
      }
    }
  }
}

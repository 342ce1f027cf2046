// A thread reduces whole rows or strips of sixteen columns, or a part of them, four vectors at a time; what it has after
// 128 values of each lane is folded, so that errors of sums grow with the number of blocks only.
struct Parameters {
  outputs: u32, n: u32, inner: u32, parts: u32, chunk: u32, divisor: u32, units: u32, each: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const block = 128u;

fn reduce_run(base: u32, first: u32, last: u32, p: P) -> A {
  let p4 = vec4<P>(p);
  var total = identity();
  var at = first;
  loop {
    let whole = min((last - at) / 16u, block) * 16u;
    if (whole == 0u) { break; }
    let end = at + whole;
    var a = identity4();
    var b = identity4();
    var c = identity4();
    var d = identity4();
    for (; at < end; at += 16u) {
      let i = base + at;
      let lanes = vec4(at) + vec4(0u, 1u, 2u, 3u);
      a = absorb4(a, element4(i), lanes, p4);
      b = absorb4(b, element4(i + 4u), lanes + vec4(4u), p4);
      c = absorb4(c, element4(i + 8u), lanes + vec4(8u), p4);
      d = absorb4(d, element4(i + 12u), lanes + vec4(12u), p4);
    }
    total = combine(total, combine(combine(fold(a), fold(b)), combine(fold(c), fold(d))));
  }
  for (; at < last; at++) {
    total = absorb(total, element(base + at), at, p);
  }
  return total;
}

@compute @workgroup_size(1)
fn reduce_rows(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x) * parameters.each;
  let end = min(start + parameters.each, parameters.units);
  for (var unit = start; unit < end; unit++) {
    let row = unit / parameters.parts;
    let part = unit % parameters.parts;
    let first = part * parameters.chunk;
    let last = min(first + parameters.chunk, parameters.n);
    emit(row, part, reduce_run(row * parameters.n, first, last, pivot(row)));
  }
}

fn reduce_column(base: u32, first: u32, last: u32, p: P) -> A {
  var total = identity();
  for (var at = first; at < last;) {
    let end = min(at + block, last);
    var some = identity();
    for (; at < end; at++) {
      some = absorb(some, element(base + at * parameters.inner), at, p);
    }
    total = combine(total, some);
  }
  return total;
}

fn reduce_strip(out: u32, base: u32, part: u32, first: u32, last: u32) {
  let p = pivot4(out);
  let q = pivot4(out + 4u);
  let r = pivot4(out + 8u);
  let s = pivot4(out + 12u);
  var a = identity4();
  var b = identity4();
  var c = identity4();
  var d = identity4();
  for (var at = first; at < last;) {
    let end = min(at + block, last);
    var e = identity4();
    var f = identity4();
    var g = identity4();
    var h = identity4();
    for (; at < end; at++) {
      let i = base + at * parameters.inner;
      let lanes = vec4(at);
      e = absorb4(e, element4(i), lanes, p);
      f = absorb4(f, element4(i + 4u), lanes, q);
      g = absorb4(g, element4(i + 8u), lanes, r);
      h = absorb4(h, element4(i + 12u), lanes, s);
    }
    a = combine4(a, e);
    b = combine4(b, f);
    c = combine4(c, g);
    d = combine4(d, h);
  }
  for (var k = 0u; k < 4u; k++) {
    emit(out + k, part, lane(a, k));
    emit(out + 4u + k, part, lane(b, k));
    emit(out + 8u + k, part, lane(c, k));
    emit(out + 12u + k, part, lane(d, k));
  }
}

@compute @workgroup_size(1)
fn reduce_columns(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = (id.x + id.y * groups.x) * parameters.each;
  let end = min(start + parameters.each, parameters.units);
  let strips = (parameters.inner + 15u) / 16u;
  for (var unit = start; unit < end; unit++) {
    let strip = unit % strips * 16u;
    let part = unit / strips % parameters.parts;
    let outer = unit / strips / parameters.parts;
    let first = part * parameters.chunk;
    let last = min(first + parameters.chunk, parameters.n);
    let base = outer * parameters.n * parameters.inner + strip;
    let out = outer * parameters.inner + strip;
    let columns = min(16u, parameters.inner - strip);
    if (columns == 16u) {
      reduce_strip(out, base, part, first, last);
    } else {
      for (var k = 0u; k < columns; k++) {
        emit(out + k, part, reduce_column(base + k, first, last, pivot(out + k)));
      }
    }
  }
}

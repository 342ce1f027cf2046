// One transform of `points` in fast memory, in place, for each lane: decimation in time after a digit-reversed load.
// Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", 1965; radices 5, 4, 3 and 2.
// `Lanes` is what computes together: sixteen transforms where one thread takes them, else one.
struct Parameters {
  /// Transforms of this pass in all, and those of one outer item.
  transforms: u32, per_outer: u32,
  /// The radices are four bits each, the first lowest; their product is `points`.
  points: u32, radices: u32,
  /// How far apart neighbours are in the result, and how many transforms share a residue.
  span: u32, before: u32, inner: u32, length: u32,
  /// 1, or -1 for the inverse.
  sign: f32, scale: f32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> roots: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> twiddles: array<vec2<f32>>;

fn real_product(re: Lanes, im: Lanes, w: vec2<f32>) -> Lanes {
  return re * w.x - im * w.y;
}

fn imaginary_product(re: Lanes, im: Lanes, w: vec2<f32>) -> Lanes {
  return re * w.y + im * w.x;
}

fn root(at: u32) -> vec2<f32> {
  return roots[at] * vec2(1.0, p.sign);
}

/// Where the parts of a butterfly start: its residue is `number % span`.
fn first_part(number: u32, span: u32, radix: u32) -> u32 {
  return (number / span) * span * radix + number % span;
}

fn stage2(span: u32, from_number: u32, by: u32, lane: u32) {
  let jump = p.points / (span * 2u);
  for (var number = from_number; number < p.points / 2u; number += by) {
    let at = cell(first_part(number, span, 2u), lane);
    let step = cell(span, 0u);
    let turn = (number % span) * jump;
    let ar = part_re(at); let ai = part_im(at);
    let bw = root(turn);
    let bx = part_re(at + step); let by = part_im(at + step);
    let br = real_product(bx, by, bw); let bi = imaginary_product(bx, by, bw);
    put(at, ar + br, ai + bi);
    put(at + step, ar - br, ai - bi);
  }
}

fn stage3(span: u32, from_number: u32, by: u32, lane: u32) {
  let jump = p.points / (span * 3u);
  for (var number = from_number; number < p.points / 3u; number += by) {
    let at = cell(first_part(number, span, 3u), lane);
    let step = cell(span, 0u);
    let turn = (number % span) * jump;
    let ar = part_re(at); let ai = part_im(at);
    let bw = root(turn);
    let bx = part_re(at + step); let by = part_im(at + step);
    let br = real_product(bx, by, bw); let bi = imaginary_product(bx, by, bw);
    let cw = root(2u * turn);
    let cx = part_re(at + 2u * step); let cy = part_im(at + 2u * step);
    let cr = real_product(cx, cy, cw); let ci = imaginary_product(cx, cy, cw);
    let turned = p.sign * 0.8660254037844386;
    let sum_r = br + cr; let sum_i = bi + ci;
    let middle_r = ar - sum_r * 0.5; let middle_i = ai - sum_i * 0.5;
    let across_r = (bi - ci) * turned; let across_i = (cr - br) * turned;
    put(at, ar + sum_r, ai + sum_i);
    put(at + step, middle_r + across_r, middle_i + across_i);
    put(at + 2u * step, middle_r - across_r, middle_i - across_i);
  }
}

fn stage4(span: u32, from_number: u32, by: u32, lane: u32) {
  let jump = p.points / (span * 4u);
  for (var number = from_number; number < p.points / 4u; number += by) {
    let at = cell(first_part(number, span, 4u), lane);
    let step = cell(span, 0u);
    let turn = (number % span) * jump;
    let ar = part_re(at); let ai = part_im(at);
    let bw = root(turn);
    let bx = part_re(at + step); let by = part_im(at + step);
    let br = real_product(bx, by, bw); let bi = imaginary_product(bx, by, bw);
    let cw = root(2u * turn);
    let cx = part_re(at + 2u * step); let cy = part_im(at + 2u * step);
    let cr = real_product(cx, cy, cw); let ci = imaginary_product(cx, cy, cw);
    let dw = root(3u * turn);
    let dx = part_re(at + 3u * step); let dy = part_im(at + 3u * step);
    let dr = real_product(dx, dy, dw); let di = imaginary_product(dx, dy, dw);
    let sum_r = ar + cr; let sum_i = ai + ci;
    let odd_r = br + dr; let odd_i = bi + di;
    let difference_r = ar - cr; let difference_i = ai - ci;
    let across_r = (bi - di) * p.sign; let across_i = (dr - br) * p.sign;
    put(at, sum_r + odd_r, sum_i + odd_i);
    put(at + step, difference_r + across_r, difference_i + across_i);
    put(at + 2u * step, sum_r - odd_r, sum_i - odd_i);
    put(at + 3u * step, difference_r - across_r, difference_i - across_i);
  }
}

fn stage5(span: u32, from_number: u32, by: u32, lane: u32) {
  let jump = p.points / (span * 5u);
  for (var number = from_number; number < p.points / 5u; number += by) {
    let at = cell(first_part(number, span, 5u), lane);
    let step = cell(span, 0u);
    let turn = (number % span) * jump;
    let ar = part_re(at); let ai = part_im(at);
    let bw = root(turn);
    let bx = part_re(at + step); let by = part_im(at + step);
    let br = real_product(bx, by, bw); let bi = imaginary_product(bx, by, bw);
    let cw = root(2u * turn);
    let cx = part_re(at + 2u * step); let cy = part_im(at + 2u * step);
    let cr = real_product(cx, cy, cw); let ci = imaginary_product(cx, cy, cw);
    let dw = root(3u * turn);
    let dx = part_re(at + 3u * step); let dy = part_im(at + 3u * step);
    let dr = real_product(dx, dy, dw); let di = imaginary_product(dx, dy, dw);
    let ew = root(4u * turn);
    let ex = part_re(at + 4u * step); let ey = part_im(at + 4u * step);
    let er = real_product(ex, ey, ew); let ei = imaginary_product(ex, ey, ew);
    let outer_r = br + er; let outer_i = bi + ei;
    let inner_r = cr + dr; let inner_i = ci + di;
    let apart_outer_r = (br - er) * p.sign; let apart_outer_i = (bi - ei) * p.sign;
    let apart_inner_r = (cr - dr) * p.sign; let apart_inner_i = (ci - di) * p.sign;
    let near_r = ar + outer_r * 0.30901699437494745 - inner_r * 0.8090169943749475;
    let near_i = ai + outer_i * 0.30901699437494745 - inner_i * 0.8090169943749475;
    let far_r = ar - outer_r * 0.8090169943749475 + inner_r * 0.30901699437494745;
    let far_i = ai - outer_i * 0.8090169943749475 + inner_i * 0.30901699437494745;
    let near_across_r = apart_outer_i * 0.9510565162951535 + apart_inner_i * 0.5877852522924731;
    let near_across_i = apart_outer_r * 0.9510565162951535 + apart_inner_r * 0.5877852522924731;
    let far_across_r = apart_outer_i * 0.5877852522924731 - apart_inner_i * 0.9510565162951535;
    let far_across_i = apart_outer_r * 0.5877852522924731 - apart_inner_r * 0.9510565162951535;
    put(at, ar + outer_r + inner_r, ai + outer_i + inner_i);
    put(at + step, near_r + near_across_r, near_i - near_across_i);
    put(at + 2u * step, far_r + far_across_r, far_i - far_across_i);
    put(at + 3u * step, far_r - far_across_r, far_i + far_across_i);
    put(at + 4u * step, near_r - near_across_r, near_i + near_across_i);
  }
}

fn stage(radix: u32, span: u32, from_number: u32, by: u32, lane: u32) {
  if (radix == 4u) {
    stage4(span, from_number, by, lane);
  } else if (radix == 2u) {
    stage2(span, from_number, by, lane);
  } else if (radix == 3u) {
    stage3(span, from_number, by, lane);
  } else {
    stage5(span, from_number, by, lane);
  }
}

/// Where the first point of a transform is in the source.
fn source_place(transform: u32) -> u32 {
  return (transform / p.per_outer) * p.length + transform % p.per_outer;
}

/// And in the result: Stockham's order, which sorts the points as they go.
fn result_place(transform: u32) -> u32 {
  let within = transform % p.per_outer;
  return (transform / p.per_outer) * p.length + (within / p.span) * p.span * p.points + within % p.span;
}

/// What the points of a transform are turned by on their way in: point `r` by the number r * before + this.
fn residue(transform: u32) -> u32 {
  return ((transform % p.per_outer) % p.span) / p.inner;
}

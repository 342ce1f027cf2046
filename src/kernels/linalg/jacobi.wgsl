// One-sided Jacobi: pairs of rows are rotated until all are orthogonal. Rows hold what gets orthogonal, padded, and after
// it what is rotated along. Blocks of rows meet as in a tournament: Brent and Luk, "The Solution of Singular-Value and
// Symmetric Eigenvalue Problems on Multiprocessor Arrays", 1985. Larger rows go first: de Rijk, 1989.
struct Parameters {
  rows: u32, batch: u32, side: u32, blocks: u32, round: u32,
  /// Of a row, in fours: what is made orthogonal, and all of it.
  dots: u32, length: u32,
  tolerance: f32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> rows: array<vec4<Element>>;
/// How often each pair of blocks was rotated in this sweep.
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

var<workgroup> parts: array<vec4<Element>, threads>;

/// The squares of both rows and their product.
fn products(x: u32, y: u32, local: u32) -> vec4<Element> {
  var a0 = vec4<Element>(); var a1 = vec4<Element>();
  var b0 = vec4<Element>(); var b1 = vec4<Element>();
  var g0 = vec4<Element>(); var g1 = vec4<Element>();
  for (var i = 2u * local; i < p.dots; i += 2u * threads) {
    let x0 = rows[x + i]; let x1 = rows[x + i + 1u];
    let y0 = rows[y + i]; let y1 = rows[y + i + 1u];
    a0 += x0 * x0; a1 += x1 * x1;
    b0 += y0 * y0; b1 += y1 * y1;
    g0 += x0 * y0; g1 += x1 * y1;
  }
  let a = a0 + a1; let b = b0 + b1; let g = g0 + g1;
  let sums = vec4((a.x + a.y) + (a.z + a.w), (b.x + b.y) + (b.z + b.w), (g.x + g.y) + (g.z + g.w), Element(0.0));
  if (threads == 1u) { return sums; }
  parts[local] = sums;
  sync();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (local < width) { parts[local] += parts[local + width]; }
    sync();
  }
  let found = parts[0];
  sync();
  return found;
}

fn rotate(x: u32, y: u32, local: u32) -> u32 {
  let sums = products(x, y, local);
  var rotated = 0u;
  // Rows that have vanished stay as they are: their squares are not exact, and rounding would turn them for ever.
  let present = min(sums.x, sums.y) > least * least;
  if (present && abs(sums.z) > Element(p.tolerance) * sqrt(sums.x) * sqrt(sums.y)) {
    rotated = 1u;
    let zeta = (sums.y - sums.x) / (2.0 * sums.z);
    // Past this the square overflows, and t is 1 / (2 zeta) anyway.
    let far = abs(zeta) > 1e9;
    let root = sqrt(1.0 + select(zeta * zeta, Element(0.0), far));
    let size = select(1.0 / (abs(zeta) + root), 0.5 / abs(zeta), far);
    let t = select(size, -size, zeta < 0.0);
    // Rutishauser's form, "The Jacobi Method for Real Symmetric Matrices", 1966: what rounding does to c would stretch rows,
    // thousands of times.
    let c = 1.0 / sqrt(1.0 + t * t);
    let s = c * t;
    let tau = s / (1.0 + c);
    let exchanged = sums.x < sums.y;
    for (var i = local; i < p.length; i += threads) {
      let left = rows[x + i];
      let right = rows[y + i];
      let one = left - (right + left * tau) * s;
      let two = right + (left - right * tau) * s;
      rows[x + i] = select(one, two, exchanged);
      rows[y + i] = select(two, one, exchanged);
    }
  }
  sync();
  return rotated;
}

@compute @workgroup_size(threads)
fn sweep(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let pairs = p.blocks / 2u;
  let group = id.x + id.y * groups.x;
  let item = group / pairs;
  if (item >= p.batch) { return; }
  let pair = group % pairs;
  let others = p.blocks - 1u;
  let one = (p.round + pair) % others;
  let two = select((p.round + others - pair) % others, others, pair == 0u);
  let first = min(one, two) * p.side;
  let second = max(one, two) * p.side;
  let first_end = min(first + p.side, p.rows);
  let second_end = min(second + p.side, p.rows);
  let base = item * p.rows;
  var count = 0u;
  if (p.round == 0u) {
    for (var i = first; i < first_end; i++) {
      for (var j = i + 1u; j < first_end; j++) {
        count += rotate((base + i) * p.length, (base + j) * p.length, local);
      }
    }
    for (var i = second; i < second_end; i++) {
      for (var j = i + 1u; j < second_end; j++) {
        count += rotate((base + i) * p.length, (base + j) * p.length, local);
      }
    }
  }
  for (var i = first; i < first_end; i++) {
    for (var j = second; j < second_end; j++) {
      count += rotate((base + i) * p.length, (base + j) * p.length, local);
    }
  }
  if (local == 0u) {
    if (p.round > 0u) { count += counts[group]; }
    counts[group] = count;
  }
}

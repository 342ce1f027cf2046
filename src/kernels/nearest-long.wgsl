// For CPU-type devices: one barrier-free thread multiplies panels of 8 queries by panels of 32 rows, in sixteen-lane
// values as in gemm-long, and looks at a product only where it is larger than the least that a query has kept, so that
// no product is ever written. What each query keeps is a heap with the least at its root.
struct Parameters {
  /// Numbers of a row.
  inner: u32,
  row_panels: u32,
  query_panels: u32,
  /// Panels of queries that a thread takes, and panels of rows.
  group: u32,
  chunk: u32,
  chunks: u32,
  most: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> queries: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> rows: array<mat4x4<f32>>;
/// A word for each panel of rows, a bit for each row that counts.
@group(0) @binding(3) var<storage, read> mask: array<u32>;
/// Pairs of product and row, `most` of each chunk of each query.
@group(0) @binding(4) var<storage, read_write> found: array<u32>;

const least = -3.4028234663852886e38f;
const none = 0xffffffffu;
fn heap_of(query: u32, chunk: u32) -> u32 {
  return (query * p.chunks + chunk) * p.most * 2u;
}

fn replace_least(heap: u32, product: f32, row: u32) {
  var at = 0u;
  loop {
    var child = 2u * at + 1u;
    if (child >= p.most) {
      break;
    }
    if (child + 1u < p.most) {
      if (bitcast<f32>(found[heap + 2u * child + 2u]) < bitcast<f32>(found[heap + 2u * child])) {
        child++;
      }
    }
    if (bitcast<f32>(found[heap + 2u * child]) >= product) {
      break;
    }
    found[heap + 2u * at] = found[heap + 2u * child];
    found[heap + 2u * at + 1u] = found[heap + 2u * child + 1u];
    at = child;
  }
  found[heap + 2u * at] = bitcast<u32>(product);
  found[heap + 2u * at + 1u] = row;
}

fn largest(a: mat4x4<f32>, b: mat4x4<f32>) -> f32 {
  let each = max(max(max(a[0], a[1]), max(a[2], a[3])), max(max(b[0], b[1]), max(b[2], b[3])));
  return max(max(each.x, each.y), max(each.z, each.w));
}

fn keep(heap: u32, first_row: u32, bits: u32, a: mat4x4<f32>, b: mat4x4<f32>) {
  if (largest(a, b) <= bitcast<f32>(found[heap])) {
    return;
  }
  var products = array<vec4<f32>, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
  for (var four = 0u; four < 8u; four++) {
    let each = products[four];
    if (max(max(each.x, each.y), max(each.z, each.w)) <= bitcast<f32>(found[heap])) {
      continue;
    }
    for (var at = 0u; at < 4u; at++) {
      let lane = 4u * four + at;
      if (each[at] > bitcast<f32>(found[heap]) && ((bits >> lane) & 1u) == 1u) {
        replace_least(heap, each[at], first_row + lane);
      }
    }
  }
}

fn take(query_panel: u32, row_panel: u32, heap: u32) {
  let bits = mask[row_panel];
  if (bits == 0u) {
    return;
  }
  var at_a = query_panel * p.inner * 2u;
  var at_b = row_panel * p.inner * 2u;
  var r00 = mat4x4<f32>(); var r01 = mat4x4<f32>();
  var r10 = mat4x4<f32>(); var r11 = mat4x4<f32>();
  var r20 = mat4x4<f32>(); var r21 = mat4x4<f32>();
  var r30 = mat4x4<f32>(); var r31 = mat4x4<f32>();
  var r40 = mat4x4<f32>(); var r41 = mat4x4<f32>();
  var r50 = mat4x4<f32>(); var r51 = mat4x4<f32>();
  var r60 = mat4x4<f32>(); var r61 = mat4x4<f32>();
  var r70 = mat4x4<f32>(); var r71 = mat4x4<f32>();
  for (var step = 0u; step < p.inner; step++) {
    let b0 = rows[at_b];
    let b1 = rows[at_b + 1u];
    let upper = queries[at_a];
    let lower = queries[at_a + 1u];
    r00 = r00 + b0 * upper.x; r01 = r01 + b1 * upper.x;
    r10 = r10 + b0 * upper.y; r11 = r11 + b1 * upper.y;
    r20 = r20 + b0 * upper.z; r21 = r21 + b1 * upper.z;
    r30 = r30 + b0 * upper.w; r31 = r31 + b1 * upper.w;
    r40 = r40 + b0 * lower.x; r41 = r41 + b1 * lower.x;
    r50 = r50 + b0 * lower.y; r51 = r51 + b1 * lower.y;
    r60 = r60 + b0 * lower.z; r61 = r61 + b1 * lower.z;
    r70 = r70 + b0 * lower.w; r71 = r71 + b1 * lower.w;
    at_a += 2u;
    at_b += 2u;
  }
  let next = p.chunks * p.most * 2u;
  let first_row = row_panel * 32u;
  keep(heap, first_row, bits, r00, r01);
  keep(heap + next, first_row, bits, r10, r11);
  keep(heap + 2u * next, first_row, bits, r20, r21);
  keep(heap + 3u * next, first_row, bits, r30, r31);
  keep(heap + 4u * next, first_row, bits, r40, r41);
  keep(heap + 5u * next, first_row, bits, r50, r51);
  keep(heap + 6u * next, first_row, bits, r60, r61);
  keep(heap + 7u * next, first_row, bits, r70, r71);
}

@compute @workgroup_size(1)
fn nearest(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let item = id.x + id.y * groups.x;
  let query_groups = (p.query_panels + p.group - 1u) / p.group;
  let chunk = item / query_groups;
  if (chunk >= p.chunks) {
    return;
  }
  let first_panel = (item % query_groups) * p.group;
  let end_panel = min(first_panel + p.group, p.query_panels);
  for (var query = first_panel * 8u; query < end_panel * 8u; query++) {
    let heap = heap_of(query, chunk);
    for (var at = 0u; at < p.most; at++) {
      found[heap + 2u * at] = bitcast<u32>(least);
      found[heap + 2u * at + 1u] = none;
    }
  }
  // A panel of rows stays in the nearest cache while the queries of the thread pass.
  let end_row = min((chunk + 1u) * p.chunk, p.row_panels);
  for (var row_panel = chunk * p.chunk; row_panel < end_row; row_panel++) {
    for (var panel = first_panel; panel < end_panel; panel++) {
      take(panel, row_panel, heap_of(panel * 8u, chunk));
    }
  }
}

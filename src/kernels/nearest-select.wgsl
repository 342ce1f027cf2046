// The largest `most` of each chunk of each line of products, in no order: a radix select in workgroup memory, a byte of
// the ordered bits at a time. Alabi, Blanchard, Gordon and Steinbach, "Fast k-selection algorithms for graphics
// processing units", 2012.
struct Parameters { rows: u32, chunk: u32, chunks: u32, most: u32, lines: u32, first_line: u32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> products: array<f32>;
/// A word for each 32 rows, a bit for each row that counts.
@group(0) @binding(2) var<storage, read> mask: array<u32>;
/// Pairs of product and row, `most` of each chunk of each line.
@group(0) @binding(3) var<storage, read_write> found: array<u32>;

const threads = 256u;
const least = -3.4028234663852886e38f;
const none = 0xffffffffu;

var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> above: atomic<u32>;
var<workgroup> equal: atomic<u32>;
/// The bits known so far of the last product to keep, and how many of those that have them are kept.
var<workgroup> prefix: u32;
var<workgroup> left: u32;

fn ordered(product: f32) -> u32 {
  let bits = bitcast<u32>(product);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn counts_row(row: u32) -> bool {
  return ((mask[row / 32u] >> (row % 32u)) & 1u) == 1u;
}

@compute @workgroup_size(threads)
fn choose(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let item = id.x + id.y * groups.x;
  if (item >= p.lines * p.chunks) {
    return;
  }
  let line = item / p.chunks;
  let start = (item % p.chunks) * p.chunk;
  let end = min(start + p.chunk, p.rows);
  if (thread == 0u) {
    prefix = 0u;
    left = p.most;
    atomicStore(&above, 0u);
    atomicStore(&equal, 0u);
  }
  for (var shift = 24u; shift <= 24u; shift -= 8u) {
    atomicStore(&counts[thread], 0u);
    workgroupBarrier();
    let known = prefix;
    for (var row = start + thread; row < end; row += threads) {
      let bits = ordered(products[line * p.rows + row]);
      let is_candidate = shift == 24u || (bits >> ((shift + 8u) & 31u)) == (known >> ((shift + 8u) & 31u));
      if (is_candidate && counts_row(row)) {
        atomicAdd(&counts[(bits >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (thread == 0u) {
      var passed = 0u;
      var bin = 255u;
      loop {
        let count = atomicLoad(&counts[bin]);
        if (bin == 0u || passed + count >= left) {
          break;
        }
        passed += count;
        bin--;
      }
      left -= passed;
      prefix = known | (bin << shift);
    }
    workgroupBarrier();
  }
  let last = prefix;
  let wanted = left;
  let base = (p.first_line + line) * p.chunks * p.most + (item % p.chunks) * p.most;
  for (var row = start + thread; row < end; row += threads) {
    let product = products[line * p.rows + row];
    let bits = ordered(product);
    if (bits >= last && counts_row(row)) {
      var place = none;
      if (bits > last) {
        place = atomicAdd(&above, 1u);
      } else {
        let nth = atomicAdd(&equal, 1u);
        if (nth < wanted) {
          place = p.most - 1u - nth;
        }
      }
      if (place != none) {
        found[2u * (base + place)] = bitcast<u32>(product);
        found[2u * (base + place) + 1u] = row;
      }
    }
  }
  workgroupBarrier();
  let first_free = atomicLoad(&above);
  let end_free = p.most - min(atomicLoad(&equal), wanted);
  for (var place = first_free + thread; place < end_free; place += threads) {
    found[2u * (base + place)] = bitcast<u32>(least);
    found[2u * (base + place) + 1u] = none;
  }
}

var<workgroup> folded: array<f32, 256>;

/// The sum over the lanes of a row, which are neighbours.
fn fold_sum(value: f32, local: u32, lane: u32, lanes: u32) -> f32 {
  folded[local] = value;
  workgroupBarrier();
  for (var width = lanes / 2u; width > 0u; width /= 2u) {
    if (lane < width) {
      folded[local] += folded[local + width];
    }
    workgroupBarrier();
  }
  let total = folded[local - lane];
  workgroupBarrier();
  return total;
}


/// What comes before each chunk since its segment started, in place; there are a few hundred.
@compute @workgroup_size(1)
fn carry() {
  var total = identity();
  for (var chunk = 0u; chunk * parameters.chunk < parameters.count; chunk++) {
    let own = totals[chunk];
    let before = total;
    if (marks[chunk] == 1u) {
      total = own;
    } else {
      total = combine(total, own);
    }
    totals[chunk] = before;
  }
}

// The least and the greatest key of rows that are not null, and how many these are.
struct Parameters { column: Column, count: u32, chunk: u32, first: u32 }
struct Range { least: U, greatest: U, valid: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(4) var<storage, read_write> ranges: array<Range>;

fn merged(a: Range, b: Range) -> Range {
  return Range(min(a.least, b.least), max(a.greatest, b.greatest), a.valid + b.valid);
}

@compute @workgroup_size(1)
fn measure_chunks(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var least = ~U(0);
  var greatest = U(0);
  var valid = 0u;
  for (var at = first; at < last; at++) {
    let row = row_at(at);
    let key = key_of_row(row);
    let counts = is_valid(row);
    least = min(least, select(~U(0), key, counts));
    greatest = max(greatest, select(U(0), key, counts));
    valid += u32(counts);
  }
  ranges[parameters.first + id.x] = Range(least, greatest, valid);
}

var<workgroup> folded: array<Range, 256>;

@compute @workgroup_size(256)
fn measure_together(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  var range = Range(~U(0), U(0), 0u);
  for (var at = group.x * 256u + local; at < parameters.count; at += groups.x * 256u) {
    let row = row_at(at);
    if (is_valid(row)) {
      let key = key_of_row(row);
      range = merged(range, Range(key, key, 1u));
    }
  }
  folded[local] = range;
  workgroupBarrier();
  for (var width = 128u; width > 0u; width /= 2u) {
    if (local < width) {
      folded[local] = merged(folded[local], folded[local + width]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    ranges[parameters.first + group.x] = folded[0];
  }
}

// A unit is a word of the result: four bytes, two halves, or 32 bits.
struct Parameters { units: u32, each: u32, last_row: u32, count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

override bits = 8u;

@compute @workgroup_size(threads)
fn take_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let last = parameters.last_row;
  let each = 32u / bits;
  let part = 0xffffffffu >> (32u - bits);
  for (var word = start; word < end; word++) {
    let first = word * each;
    let given = min(each, parameters.count - first);
    var made = 0u;
    for (var k = 0u; k < given; k++) {
      let row = rows[first + k];
      let at = min(row, last);
      let value = (source[at / each] >> (at % each * bits)) & part;
      made |= select(value, 0u, row == 0xffffffffu) << (k * bits);
    }
    result[word] = made;
  }
}

/// Bits of the rows that are there at all.
@compute @workgroup_size(threads)
fn given_rows(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var word = start; word < end; word++) {
    let first = word * 32u;
    let given = min(32u, parameters.count - first);
    var made = 0u;
    for (var k = 0u; k < given; k++) {
      made |= select(1u, 0u, rows[first + k] == 0xffffffffu) << k;
    }
    result[word] = made;
  }
}

// A unit is a row of the source: a bit, a byte or half a word. Rows that share a word change different parts of it.
struct Parameters { units: u32, each: u32, bits: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<atomic<u32>>;

@compute @workgroup_size(threads)
fn scatter_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  let bits = parameters.bits;
  let each = 32u / bits;
  let part = 0xffffffffu >> (32u - bits);
  for (var i = start; i < end; i++) {
    let row = rows[i];
    if (row != 0xffffffffu) {
      let value = (source[i / each] >> (i % each * bits)) & part;
      let shift = row % each * bits;
      atomicAnd(&result[row / each], ~(part << shift));
      atomicOr(&result[row / each], value << shift);
    }
  }
}

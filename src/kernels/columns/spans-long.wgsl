// Sums of lengths that stop at the largest number, then offsets: one thread a contiguous chunk.
struct Parameters { count: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
@group(0) @binding(3) var<storage, read> before: array<u32>;
@group(0) @binding(4) var<storage, read_write> offsets: array<u32>;

@compute @workgroup_size(1)
fn sum_lengths(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = 0u;
  var full = false;
  for (var i = first; i < last; i++) {
    let next = total + lengths[i & 0x7fffffffu];
    full = full || next < total;
    total = next;
  }
  sums[id.x] = select(total, 0xffffffffu, full);
}

@compute @workgroup_size(1)
fn write_offsets(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * parameters.chunk;
  let last = min(first + parameters.chunk, parameters.count);
  var total = before[id.x];
  for (var i = first; i < last; i++) {
    let at = i & 0x7fffffffu;
    offsets[at] = total;
    total += lengths[at];
  }
  if (last == parameters.count) {
    offsets[last] = total;
  }
}

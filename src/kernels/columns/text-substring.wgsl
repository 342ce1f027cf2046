// Where a part of each row starts, and its bytes: code points from `offset` on, which is 1 for the first, below 0 from
// the end; `length` below 0 counts backwards. As DuckDB has it.
struct Parameters { units: u32, each: u32, words: u32, offset: u32, length: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;
@group(0) @binding(4) var<storage, read_write> lengths: array<u32>;

fn part_of(first: u32, last: u32) -> vec2<u32> {
  var offset = bitcast<i32>(parameters.offset);
  var length = bitcast<i32>(parameters.length);
  if (offset == 0) {
    if (length <= 1) { return vec2(first, first); }
    length--;
    offset = 1;
  }
  if (offset > 0 && length > 0) {
    let from_byte = character_at(first, last, u32(offset - 1));
    return vec2(from_byte, character_at(from_byte, last, u32(length)));
  }
  let size = i32(characters(first, last));
  var start = select(offset - 1, size + offset, offset < 0);
  var end = start;
  if (length > 0) {
    end = start + min(length, 0x7fffffff - max(start, 0));
  } else {
    start = max(start, 0) + max(length, -0x7fffffff);
  }
  start = clamp(start, 0, size);
  end = clamp(end, start, size);
  let from_byte = character_at(first, last, u32(start));
  return vec2(from_byte, character_at(from_byte, last, u32(end - start)));
}

@compute @workgroup_size(threads)
fn part_text(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let start = first_unit(id, groups);
  let end = min(start + parameters.each, parameters.units);
  for (var row = start; row < end; row++) {
    let part = part_of(offsets[row], offsets[row + 1u]);
    starts[row] = part.x;
    lengths[row] = part.y - part.x;
  }
}

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> words: array<u64>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> segments: array<u32>;
@group(0) @binding(6) var<storage, read_write> sorted: array<u32>;
@group(0) @binding(7) var<storage, read_write> heads: array<u32>;
@group(0) @binding(8) var<storage, read_write> skips: array<u32>;

/// Segments fall apart where words differ: the first place of each new one, and 0 behind it.
@compute @workgroup_size(64)
fn split_segments(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= parameters.count) { return; }
  let position = positions[at];
  sorted[at] = rows[position];
  var head = slots[at];
  if (head == segments[at]) {
    skips[head] = 0xffffffffu;
  }
  if (at > 0u && segments[at] == segments[at - 1u] && words[position] == words[positions[at - 1u]]) {
    head = 0u;
  }
  heads[at] = head;
}

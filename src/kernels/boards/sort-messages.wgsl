// Messages into the order of their cells, and where each cell's begin. The last column holds the cells.
struct Parameters { units: u32, each: u32, count: u32, columns: u32, stride: u32, cells: u32, faults: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> raw: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> messages: array<u32>;
@group(0) @binding(4) var<storage, read_write> starts: array<u32>;
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>>;

@compute @workgroup_size(threads)
fn gather(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(first + parameters.each, parameters.units);
  for (var at = first; at < end; at++) {
    let source = order[at & 0x7fffffffu];
    for (var column = 0u; column < parameters.columns; column++) {
      let base = column * parameters.stride;
      messages[(base + at) & 0x7fffffffu] = raw[(base + source) & 0x7fffffffu];
    }
  }
}

// By bisection: what one thread does does not depend on how messages are spread.
@compute @workgroup_size(threads)
fn find_starts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(first + parameters.each, parameters.units);
  let base = (parameters.columns - 1u) * parameters.stride;
  for (var cell = first; cell < end; cell++) {
    var low = 0u;
    var high = parameters.count;
    while (low < high) {
      let middle = (low + high) >> 1u;
      if (messages[base + middle] < cell) { low = middle + 1u; } else { high = middle; }
    }
    starts[cell] = low;
  }
}

@compute @workgroup_size(threads)
fn find_twice(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = (id.x + id.y * groups.x * threads) * parameters.each;
  let end = min(first + parameters.each, parameters.units);
  let base = (parameters.columns - 1u) * parameters.stride;
  for (var at = max(first, 1u); at < end; at++) {
    let cell = messages[base + at];
    if (cell < parameters.cells && cell == messages[base + at - 1u]) {
      atomicAdd(&faults[parameters.faults + 2u], 1u);
      atomicMin(&faults[parameters.faults + 3u], order[at]);
    }
  }
}

override threads = 64u;

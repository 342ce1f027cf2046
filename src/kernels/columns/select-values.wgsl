@group(0) @binding(3) var<storage, read> source: array<E>;
@group(0) @binding(4) var<storage, read_write> result: array<E>;
fn put(to: u32, row: u32) { result[to] = source[row]; }

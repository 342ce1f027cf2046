@group(0) @binding(4) var<storage, read_write> result: array<u32>;
fn put(to: u32, row: u32) { result[to] = row; }

// Rows that nothing has failed.
struct Parameters { units: u32, each: u32, count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> results: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

fn holds(row: u32) -> bool {
  return results[row] == 0u;
}

// Scans the texts of rows with an automaton, and writes where the outcome is not 0.
struct Parameters {
  units: u32, each: u32, listed: u32, code: u32,
  start: u32, decided: u32, class_count: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> classes: array<u32>;
@group(0) @binding(5) var<storage, read> table: array<u32>;
@group(0) @binding(6) var<storage, read_write> results: array<u32>;

fn finish(row: u32, state: u32) {
  let outcome = table[state + parameters.class_count - 1u];
  if (outcome > 0u) {
    results[row] = parameters.code + outcome / parameters.class_count - 1u;
  }
}

fn row_at(unit: u32) -> u32 {
  if (parameters.listed == 0u) { return unit; }
  return rows[unit];
}

fn byte_at(at: u32) -> u32 {
  return (values[at / 4u] >> (at % 4u * 8u)) & 0xffu;
}

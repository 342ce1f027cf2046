// Aggregates of groups. `A` is what is known of a group's rows so far; zeros are no rows.
struct Parameters {
  column: Column,
  count: u32,
  chunk: u32,
  step: u32,
  groups: u32,
  tables: u32,
  each: u32,
  turn: u32,
  status: u32,
  divisor: vec2<u32>,
  unused: vec2<u32>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
override threads = 64u;

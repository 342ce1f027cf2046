/** Kernels of the conformance suite, in standard WGSL. */
export const scale = `
struct Parameters { factor: f32, count: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < parameters.count) { result[id.x] = source[id.x] * parameters.factor; }
}`;

/** Adds one at the thread's linear index, laid out in rows as dispatchThreads does. */
export const mark = `
@group(0) @binding(0) var<storage, read_write> marks: array<u32>;

@compute @workgroup_size(1)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.x + id.y * groups.x;
  if (at < arrayLength(&marks)) { marks[at] += 1u; }
}`;

export const lengths = `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(1)
fn main() {
  result[0] = arrayLength(&source);
  result[1] = arrayLength(&result);
}`;

export const add = `
@group(0) @binding(0) var<storage, read_write> total: array<u32>;
@group(0) @binding(1) var<uniform> amount: u32;

@compute @workgroup_size(1)
fn main() { total[0] += amount; }`;

export const addList = `
@group(0) @binding(0) var<storage, read_write> total: array<u32>;
@group(0) @binding(1) var<storage, read> amounts: array<u32>;

@compute @workgroup_size(1)
fn main() {
  for (var i = 0u; i < arrayLength(&amounts); i++) { total[0] += amounts[i]; }
}`;

export const grid = `
@group(0) @binding(0) var<storage, read_write> seen: array<u32>;

@compute @workgroup_size(2, 2, 2)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let width = groups.x * 2u;
  let height = groups.y * 2u;
  seen[id.x + width * (id.y + height * id.z)] += 1u;
}`;

export const configurable = `
override factor: u32 = 3;
@group(0) @binding(0) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(1) fn first() { result[0] = factor; }
@compute @workgroup_size(1) fn second() { result[0] = factor * 10u; }`;

export const endless = `
@group(0) @binding(0) var<storage, read_write> cell: array<u32>;

@compute @workgroup_size(1)
fn main() {
  loop {
    cell[0] = cell[0] + 1u;
    if (cell[1] == 1u) { break; }
  }
}`;

/** A few hundred milliseconds on two cores. */
export const slow = `
@group(0) @binding(0) var<storage, read_write> cells: array<u32>;
@group(0) @binding(1) var<uniform> rounds: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var x = id.x;
  for (var i = 0u; i < rounds; i++) { x = x * 1664525u + 1013904223u; }
  cells[id.x % arrayLength(&cells)] = x;
}`;

export const empty = "@compute @workgroup_size(1) fn main() {}";

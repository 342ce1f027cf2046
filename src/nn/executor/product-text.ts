import type { Product } from "./product.ts";

/** Columns of a panel: two sixteen-lane values (a mat4x4 is sixteen contiguous lanes). */
export const panelColumns = 32;

export interface EpilogueText {
  readonly lineText: string;
  readonly elementText: string;
  readonly value: string;
}

/** Where an item of an operand starts. */
function startText(name: string, batch: readonly number[]): string {
  if (batch.length === 0) return `fn ${name}_start(item: u32) -> u32 { return p.${name}_offset; }\n`;
  const lines: string[] = [];
  for (let at = batch.length - 1; at >= 0; at--) {
    if (at === 0) lines.push(`  at += rest * p.${name}_batch_0;`);
    else
      lines.push(`  at += (rest % p.size_${at}) * p.${name}_batch_${at};`, `  rest = rest / p.size_${at};`);
  }
  return `fn ${name}_start(item: u32) -> u32 {
  var at = p.${name}_offset;
  var rest = item;
${lines.join("\n")}
  return at;
}
`;
}

const windowStart = `fn window_start(item: u32) -> u32 {
  return item * p.channels * p.height * p.width;
}
`;

const four = [0, 1, 2, 3];
const sixteen = Array.from({ length: 16 }, (_, at) => at);

/** Sixteen lanes to memory one by one, which compilers make one store of: an index into lanes is slow. */
export function lanes(target: string, first: number, value: string): string {
  return four
    .flatMap((column) =>
      four.map((row) => `  ${target}[${first + 4 * column + row}] = ${value}[${column}][${row}];`),
    )
    .join("\n");
}

/** One load of sixteen numbers, which compilers only make of it where the index cannot wrap. */
export const lanesText = `
fn lanes(from_index: u32) -> mat4x4<f32> {
  let at = from_index & 0x7fffffffu;
  return mat4x4<f32>(${sixteen.map((lane) => `panels[at + ${lane}u]`).join(", ")});
}
`;

/** Lays columns of the right operand out as a panel, step by step of k; columns past the end are zero. */
export function fillText({ b, batch }: Product, right: string): string {
  if (b.kind === "matrix") {
    return `${startText("b", batch)}fn fill(panel: u32, item: u32, first: u32) {
  let start = b_start(item) + first * p.b_column;
  let columns = min(${panelColumns}u, p.n - first);
  for (var step = 0u; step < p.k; step++) {
    let source = start + step * p.b_row;
    let at = panel + step * ${panelColumns}u;
    for (var i = 0u; i < columns; i++) {
      panels[at + i] = ${right}[source + i${b.column === 1 ? "" : " * p.b_column"}];
    }
    for (var i = columns; i < ${panelColumns}u; i++) {
      panels[at + i] = 0.0;
    }
  }
}
`;
  }
  const along = b.strides[1] === 1 ? "" : " * p.stride_x";
  return `${windowStart}fn zeros(first: u32, last: u32) {
  for (var i = first; i < last; i++) {
    panels[i] = 0.0;
  }
}

/// One line of pixels as a tap of the kernel sees them: what lies outside is zero.
fn fill_line(at: u32, run: u32, line: u32, source_x: i32) {
  let step = i32(p.stride_x);
  let before = min(u32(max(0, (step - 1 - source_x) / step)), run);
  let inside = clamp((i32(p.width) - source_x + step - 1) / step, i32(before), i32(run));
  zeros(at, at + before);
  let source = line + bitcast<u32>(source_x);
  for (var i = before; i < u32(inside); i++) {
    panels[at + i] = ${right}[source + i${along}];
  }
  zeros(at + u32(inside), at + run);
}

fn fill(panel: u32, item: u32, first: u32) {
  let columns = min(${panelColumns}u, p.n - first);
  var plane = window_start(item);
  var at = panel;
  for (var channel = 0u; channel < p.channels; channel++) {
    for (var ky = 0u; ky < p.kernel_y; ky++) {
      for (var kx = 0u; kx < p.kernel_x; kx++) {
        var y = first / p.columns;
        var x = first % p.columns;
        var column = 0u;
        while (column < columns) {
          let run = min(p.columns - x, columns - column);
          let source_y = y * p.stride_y + ky * p.dilation_y - p.pad_y;
          if (source_y < p.height) {
            let source_x = bitcast<i32>(x * p.stride_x + kx * p.dilation_x - p.pad_x);
            fill_line(at + column, run, plane + source_y * p.width, source_x);
          } else {
            zeros(at + column, at + column + run);
          }
          column += run;
          x = 0u;
          y++;
        }
        zeros(at + columns, at + ${panelColumns}u);
        at += ${panelColumns}u;
      }
    }
    plane += p.height * p.width;
  }
}
`;
}

/**
 * For CPU-type devices: barrier-free threads over panels, tiles of `rows` by 32 whose sums are in named variables: arrays
 * of them spill. Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
 */
export function longText({ batch }: Product, rows: number, fills: boolean, epilogue: EpilogueText): string {
  const each = (text: (row: number) => string) =>
    Array.from({ length: rows }, (_, row) => text(row)).join("\n");
  return `${startText("a", batch)}${fills ? lanesText : ""}
fn store(item: u32, row: u32, first: u32, left: mat4x4<f32>, right: mat4x4<f32>) {
  if (row >= p.m) {
    return;
  }
  var sums: array<f32, ${panelColumns}>;
${lanes("sums", 0, "left")}
${lanes("sums", 16, "right")}
  let line = item * p.m + row;
  let start = (line * p.n + first) & 0x7fffffffu;
  let count = min(${panelColumns}u, p.n - first);
  ${epilogue.lineText}
  for (var i = 0u; i < count; i++) {
    let x = first + i;
    let sum = sums[i];
    ${epilogue.elementText}
    result[start + i] = ${epilogue.value};
  }
}

fn tile(item: u32, panel: u32, row: u32, first: u32) {
  let start = a_start(item);
${each((r) => `  var at_${r} = start + min(row + ${r}u, p.m - 1u) * p.a_row;`)}
${each((r) => `  var left_${r} = mat4x4<f32>(); var right_${r} = mat4x4<f32>();`)}
  var at = panel;
  for (var step = 0u; step < p.k; step++) {
    let left = ${fills ? "lanes(at)" : "panels[at]"};
    let right = ${fills ? "lanes(at + 16u)" : "panels[at + 1u]"};
${each((r) => `    let a_${r} = a[at_${r}];`)}
${each((r) => `    left_${r} = left_${r} + left * a_${r}; right_${r} = right_${r} + right * a_${r};`)}
${each((r) => `    at_${r} += p.a_column;`)}
    at += ${fills ? panelColumns : 2}u;
  }
${each((r) => `  store(item, row + ${r}u, first, left_${r}, right_${r});`)}
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>) {
  let across = (p.n + ${panelColumns - 1}u) / ${panelColumns}u;
  for (var unit = id.x; unit < p.units; unit += p.threads) {
    let chunk = unit % p.row_chunks;
    let panel = (unit / p.row_chunks) % across;
    let item = unit / p.row_chunks / across;
    let first = panel * ${panelColumns}u;
    ${fills ? `let at = id.x * p.k * ${panelColumns}u;\n    fill(at, item, first);` : "let at = panel * p.k * 2u;"}
    let last = min((chunk + 1u) * p.chunk_rows, p.m);
    for (var row = chunk * p.chunk_rows; row < last; row += ${rows}u) {
      tile(item, at, row, first);
    }
  }
}
`;
}

/** What the tiles of GPUs load. */
export function loadText({ b, batch }: Product, right: string): string {
  const loadA = `${startText("a", batch)}fn load_a(start: u32, row: u32, step: u32) -> f32 {
  return a[start + row * p.a_row + step * p.a_column];
}
`;
  if (b.kind === "matrix") {
    return `${loadA}${startText("b", batch)}fn load_b(start: u32, step: u32, column: u32) -> f32 {
  return ${right}[start + step * p.b_row + column * p.b_column];
}
`;
  }
  return `${loadA}fn b_start(item: u32) -> u32 {
  return item * p.channels * p.height * p.width;
}
fn load_b(start: u32, step: u32, column: u32) -> f32 {
  let place = step / (p.kernel_y * p.kernel_x);
  let within = step % (p.kernel_y * p.kernel_x);
  let y = column / p.columns * p.stride_y + within / p.kernel_x * p.dilation_y - p.pad_y;
  let x = column % p.columns * p.stride_x + within % p.kernel_x * p.dilation_x - p.pad_x;
  if (y < p.height && x < p.width) {
    return ${right}[start + (place * p.height + y) * p.width + x];
  }
  return 0.0;
}
`;
}

export function storeText(epilogue: EpilogueText): string {
  return `fn store(item: u32, row: u32, first: u32, sums: vec4<f32>) {
  if (row >= p.m) {
    return;
  }
  let line = item * p.m + row;
  let start = line * p.n;
  ${epilogue.lineText}
  for (var part = 0u; part < 4u; part++) {
    let x = first + part;
    if (x < p.n) {
      let sum = sums[part];
      ${epilogue.elementText}
      result[start + x] = ${epilogue.value};
    }
  }
}
`;
}

/** For GPUs: a workgroup of 16 x 16 threads makes a tile of 64 x 64, each thread 4 x 4 of it, through workgroup memory. */
export function shortText(): string {
  return `const side = 64u;
const depth = 16u;
var<workgroup> tile_a: array<array<vec4<f32>, 16>, depth>;
var<workgroup> tile_b: array<array<vec4<f32>, 16>, depth>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let down = (p.m + side - 1u) / side;
  let across = (p.n + side - 1u) / side;
  let tile = id.x + id.y * groups.x;
  let item = min(tile / (down * across), p.items - 1u);
  let within = tile % (down * across);
  let first_row = (within / across) * side;
  let first_column = (within % across) * side;
  let start_a = a_start(item);
  let start_b = b_start(item);
  let along_a = p.a_column == 1u;
  var r0 = vec4<f32>(); var r1 = vec4<f32>(); var r2 = vec4<f32>(); var r3 = vec4<f32>();
  for (var start = 0u; start < p.k; start += depth) {
    for (var part = 0u; part < 4u; part++) {
      let step_a = select(local / 64u + part * 4u, local % 16u, along_a);
      let row = select(local % 64u, local / 16u + part * 16u, along_a);
      var value_a = 0.0;
      if (first_row + row < p.m && start + step_a < p.k) {
        value_a = load_a(start_a, first_row + row, start + step_a);
      }
      tile_a[step_a][row / 4u][row % 4u] = value_a;
      let step_b = local / 64u + part * 4u;
      let column = local % 64u;
      var value_b = 0.0;
      if (first_column + column < p.n && start + step_b < p.k) {
        value_b = load_b(start_b, start + step_b, first_column + column);
      }
      tile_b[step_b][column / 4u][column % 4u] = value_b;
    }
    workgroupBarrier();
    for (var step = 0u; step < depth; step++) {
      let rows = tile_a[step][thread.y];
      let columns = tile_b[step][thread.x];
      r0 += columns * rows.x;
      r1 += columns * rows.y;
      r2 += columns * rows.z;
      r3 += columns * rows.w;
    }
    workgroupBarrier();
  }
  if (tile < down * across * p.items) {
    let row = first_row + thread.y * 4u;
    let column = first_column + thread.x * 4u;
    store(item, row, column, r0);
    store(item, row + 1u, column, r1);
    store(item, row + 2u, column, r2);
    store(item, row + 3u, column, r3);
  }
}
`;
}

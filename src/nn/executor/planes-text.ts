import { type EpilogueText, lanes, lanesText, panelColumns } from "./product-text.ts";

/** Tiles of `rows` filters by 32 neighbouring places of a padded image, whose sums are in named variables. */
export function planesText(rows: number, epilogue: EpilogueText): string {
  const each = (text: (row: number) => string) =>
    Array.from({ length: rows }, (_, row) => text(row)).join("\n");
  return `${lanesText.replaceAll("panels[", "b[")}
fn store(item: u32, row: u32, first: u32, left: mat4x4<f32>, right: mat4x4<f32>) {
  if (row >= p.m) {
    return;
  }
  var sums: array<f32, ${panelColumns}>;
${lanes("sums", 0, "left")}
${lanes("sums", 16, "right")}
  let line = item * p.m + row;
  let start = line * p.n;
  ${epilogue.lineText}
  var y = first / p.width;
  var from_left = first % p.width;
  var done = 0u;
  while (done < ${panelColumns}u && y < p.rows) {
    let run = min(p.width - from_left, ${panelColumns}u - done);
    let kept = min(run, max(p.columns, from_left) - from_left);
    for (var i = 0u; i < kept; i++) {
      let x = y * p.columns + from_left + i;
      let sum = sums[done + i];
      ${epilogue.elementText}
      result[start + x] = ${epilogue.value};
    }
    done += run;
    from_left = 0u;
    y++;
  }
}

fn tile(item: u32, row: u32, first: u32) {
  let start = (item % p.groups) * p.a_group;
${each((r) => `  var at_${r} = start + min(row + ${r}u, p.m - 1u) * p.a_row;`)}
${each((r) => `  var left_${r} = mat4x4<f32>(); var right_${r} = mat4x4<f32>();`)}
  var plane = item * p.channels * p.height * p.width + first;
  for (var channel = 0u; channel < p.channels; channel++) {
    for (var ky = 0u; ky < p.kernel_y; ky++) {
      var at = plane + ky * p.dilation_y * p.width;
      for (var kx = 0u; kx < p.kernel_x; kx++) {
        let left = lanes(at);
        let right = lanes(at + 16u);
${each((r) => `        let a_${r} = a[at_${r}];`)}
${each((r) => `        left_${r} = left_${r} + left * a_${r}; right_${r} = right_${r} + right * a_${r};`)}
${each((r) => `        at_${r}++;`)}
        at += p.dilation_x;
      }
    }
    plane += p.height * p.width;
  }
${each((r) => `  store(item, row + ${r}u, first, left_${r}, right_${r});`)}
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>) {
  for (var unit = id.x; unit < p.units; unit += p.threads) {
    let chunk = unit % p.row_chunks;
    let panel = (unit / p.row_chunks) % p.across;
    let item = unit / p.row_chunks / p.across;
    let last = min((chunk + 1u) * p.chunk_rows, p.m);
    for (var row = chunk * p.chunk_rows; row < last; row += ${rows}u) {
      tile(item, row, panel * ${panelColumns}u);
    }
  }
}
`;
}

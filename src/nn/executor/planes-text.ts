import { type EpilogueText, lanes, lanesText, panelColumns } from "./product-text.ts";

/**
 * What a tile's 32 sums of a filter are: so many neighbours in one line of the result, sixteen in each of two lines, or as
 * they come in the padded image where lines are short.
 */
export type TileShape = "line" | "pair" | "run";

export interface PlanesText {
  readonly rows: number;
  readonly shape: TileShape;
  readonly kernel: readonly [number, number];
  readonly epilogue: EpilogueText;
}

/** Tiles of `rows` filters by 32 places of a padded image, whose sums are in named variables. */
export function planesText({ rows, shape, kernel, epilogue }: PlanesText): string {
  const each = (text: (row: number) => string) =>
    Array.from({ length: rows }, (_, row) => text(row)).join("\n");
  return `${lanesText.replaceAll("panels[", "b[")}
fn store(item: u32, row: u32, top: u32, first: u32, left: mat4x4<f32>, right: mat4x4<f32>) {
  if (row >= p.m) {
    return;
  }
  var sums: array<f32, ${panelColumns}>;
${lanes("sums", 0, "left")}
${lanes("sums", 16, "right")}
  let line = item * p.m + row;
  let start = line * p.n;
  ${epilogue.lineText}
${stores[shape](epilogue)}
}

fn tile(item: u32, row: u32, top: u32, first: u32) {
  let start = (item % p.groups) * p.a_group;
${each((r) => `  var at_${r} = start + min(row + ${r}u, p.m - 1u) * p.a_row;`)}
${each((r) => `  var left_${r} = mat4x4<f32>(); var right_${r} = mat4x4<f32>();`)}
  var plane = item * p.channels * p.height * p.width + top * p.width + first;
  for (var channel = 0u; channel < p.channels; channel++) {
    for (var ky = 0u; ky < ${kernel[0]}u; ky++) {
      var at = plane + ky * p.dilation_y * p.width;
      for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
        let left = lanes(at);
        let right = lanes(at + ${shape === "pair" ? "p.width" : "16u"});
${each((r) => `        let a_${r} = a[at_${r}];`)}
${each((r) => `        left_${r} = left_${r} + left * a_${r}; right_${r} = right_${r} + right * a_${r};`)}
${each((r) => `        at_${r}++;`)}
        at += p.dilation_x;
      }
    }
    plane += p.height * p.width;
  }
${each((r) => `  store(item, row + ${r}u, top, first, left_${r}, right_${r});`)}
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>) {
  for (var unit = id.x; unit < p.units; unit += p.threads) {
    let chunk = unit % p.row_chunks;
    let panel = (unit / p.row_chunks) % p.across;
    let item = unit / p.row_chunks / p.across;
    let top = ${shape === "run" ? "0u" : `(panel / p.tiles_x)${shape === "pair" ? " * 2u" : ""}`};
    let first = ${shape === "run" ? `panel * ${panelColumns}u` : `(panel % p.tiles_x) * ${shape === "pair" ? 16 : panelColumns}u`};
    let last = min((chunk + 1u) * p.chunk_rows, p.m);
    for (var row = chunk * p.chunk_rows; row < last; row += ${rows}u) {
      tile(item, row, top, first);
    }
  }
}
`;
}

const stores: Readonly<Record<TileShape, (epilogue: EpilogueText) => string>> = {
  line: ({ elementText, value }) => `  let kept = min(${panelColumns}u, p.columns - first);
  for (var i = 0u; i < kept; i++) {
    let x = top * p.columns + first + i;
    let sum = sums[i];
    ${elementText}
    result[start + x] = ${value};
  }`,
  pair: ({ elementText, value }) => `  let kept = min(16u, p.columns - first);
  for (var half = 0u; half < min(2u, p.rows - top); half++) {
    for (var i = 0u; i < kept; i++) {
      let x = (top + half) * p.columns + first + i;
      let sum = sums[half * 16u + i];
      ${elementText}
      result[start + x] = ${value};
    }
  }`,
  run: ({ elementText, value }) => `  var y = first / p.width;
  var from_left = first % p.width;
  var done = 0u;
  while (done < ${panelColumns}u && y < p.rows) {
    let run = min(p.width - from_left, ${panelColumns}u - done);
    let kept = min(run, max(p.columns, from_left) - from_left);
    for (var i = 0u; i < kept; i++) {
      let x = y * p.columns + from_left + i;
      let sum = sums[done + i];
      ${elementText}
      result[start + x] = ${value};
    }
    done += run;
    from_left = 0u;
    y++;
  }`,
};

import { elementCount } from "../../core/shape.ts";
import type { Buffer } from "./buffer.ts";
import type { Fused, Pending, PlanBuilder } from "./builder.ts";
import { cellStep } from "./cells.ts";
import { inputTexts } from "./elements.ts";
import { planesText, type TileShape } from "./planes-text.ts";
import { epilogueOf, mostEpilogueInputs, type Product, resultText, type Windows } from "./product.ts";
import { panelColumns } from "./product-text.ts";
import { type Dispatch, type Step, Words } from "./step.ts";
import { elementAt } from "./types.ts";

export type Convolution = Product & { readonly b: Windows };

/** Whether neighbouring results read neighbouring pixels. */
export function isDenseConvolution({ b }: Product): boolean {
  return b.kind === "windows" && b.strides[0] === 1 && b.strides[1] === 1;
}

/**
 * For CPU-type devices, a convolution without strides: of an image with its padding around it, each tap of the kernel is
 * the image itself, so many elements further. The columns between the lines of the result are computed and left out.
 */
export function planesStep(builder: PlanBuilder, product: Convolution, operator: string): Pending {
  const height = product.b.result[0] + (product.b.kernel[0] - 1) * product.b.dilations[0];
  const width = product.b.result[1] + (product.b.kernel[1] - 1) * product.b.dilations[1];
  const image = padded(builder, product, height, width);
  const step = (fused: Fused | undefined): Step | undefined => {
    const words = new Words();
    const epilogue = epilogueOf(
      product,
      fused,
      words,
      new Map([
        [product.a.buffer, "a"],
        [image, "b"],
      ]),
    );
    if (epilogue === undefined || epilogue.inputs.size > mostEpilogueInputs) return undefined;
    const result = fused?.result ?? product.result;
    const { a, b, m, n, k, batch, label } = product;
    const rows = m === 1 ? 1 : m <= 4 ? 4 : 8;
    const items = elementCount(batch);
    const { shape, across, tiles } = tilesOf(b.result, width);
    const chunks = Math.max(1, Math.min(Math.ceil(32 / (items * across)), Math.ceil(m / rows)));
    const chunkRows = Math.ceil(m / chunks / rows) * rows;
    const rowChunks = Math.ceil(m / chunkRows);
    const units = items * across * rowChunks;
    const threads = Math.min(units, 64);
    words.addAll({
      m,
      n,
      k,
      units,
      threads,
      across,
      tiles_x: tiles,
      row_chunks: rowChunks,
      chunk_rows: chunkRows,
    });
    words.addAll({ a_row: a.row, groups: b.groups, a_group: elementAt(a.batch, 1), channels: b.channels });
    words.addAll({ height, width, rows: b.result[0], columns: b.result[1] });
    words.addAll({ dilation_y: b.dilations[0], dilation_x: b.dilations[1] });
    const dispatch: Dispatch = {
      label,
      text: [
        words.text,
        "@group(0) @binding(1) var<storage, read> a: array<f32>;\n",
        "@group(0) @binding(2) var<storage, read> b: array<f32>;\n",
        resultText(result),
        inputTexts(epilogue.inputs, 5),
        [...epilogue.functions.values(), ""].join("\n"),
        planesText({ rows, shape, kernel: b.kernel, epilogue }),
      ].join(""),
      entryPoint: "main",
      contract: true,
      bindings: { a: a.buffer, b: image, result, ...Object.fromEntries(epilogue.inputs) },
      parameters: words.bytes,
      workgroups: [threads, 1],
    };
    return {
      label: fused === undefined ? label : `${label} with ${fused.operators.join(", ")}`,
      operators: [...new Set([operator, ...(fused?.operators ?? [])])],
      reads: [...new Set([a.buffer, image, ...epilogue.inputs.values()])],
      writes: [result],
      scratch: [],
      flops: 2 * items * m * n * k,
      replaceable: [],
      dispatches: () => [dispatch],
    };
  };
  return { emit: () => step(undefined) as Step, absorb: (fused) => step(fused) };
}

/** The shape of tiles that computes the least in vain, and how many there are. */
function tilesOf([rows, columns]: readonly [number, number], width: number) {
  const candidates: { readonly shape: TileShape; readonly across: number; readonly tiles: number }[] = [
    { shape: "line", tiles: Math.ceil(columns / 32), across: Math.ceil(columns / 32) * rows },
    { shape: "pair", tiles: Math.ceil(columns / 16), across: Math.ceil(columns / 16) * Math.ceil(rows / 2) },
  ];
  const run = { shape: "run", tiles: 1, across: Math.ceil(((rows - 1) * width + columns) / 32) } as const;
  const best = candidates.reduce((a, b) => (b.across < a.across ? b : a));
  return best.across <= 1.3 * run.across ? best : run;
}

/** The image with its padding, so that no tap looks outside. */
function padded(builder: PlanBuilder, { b, batch }: Convolution, height: number, width: number): Buffer {
  const planes = elementCount(batch) * b.channels;
  // Tiles read a line and some places past the last pixel: what they make of it is not written.
  const reach = width + 2 * panelColumns;
  const image = builder.buffer("f32", planes * height * width + reach);
  cellStep(builder, {
    label: `padding to ${height}x${width}`,
    inputs: { source: b.buffer },
    outputs: { result: image },
    sizes: {
      ...{
        height,
        width,
        source_height: b.size[0],
        source_width: b.size[1],
        top: b.pads[0],
        left: b.pads[1],
      },
      last: Math.min(width, b.pads[1] + b.size[1]),
    },
    text: `fn cell(i: u32) {
  let y = i % p.height - p.top;
  let to = i * p.width;
  if (y >= p.source_height) {
    for (var x = 0u; x < p.width; x++) {
      result[to + x] = 0.0;
    }
    return;
  }
  for (var x = 0u; x < min(p.left, p.width); x++) {
    result[to + x] = 0.0;
  }
  let line = (i / p.height * p.source_height + y) * p.source_width - p.left;
  for (var x = p.left; x < p.last; x++) {
    result[to + x] = source[line + x];
  }
  for (var x = p.last; x < p.width; x++) {
    result[to + x] = 0.0;
  }
}
`,
    count: planes * height,
    work: width,
  });
  return image;
}

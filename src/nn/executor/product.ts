import { inRows } from "../../kernels/grid.ts";
import type { Buffer } from "./buffer.ts";
import type { Fused, Pending, PlanBuilder } from "./builder.ts";
import { elementText, inputTexts } from "./elements.ts";
import { libraryProductStep } from "./library-product.ts";
import { fillText, loadText, longText, panelColumns, shortText, storeText } from "./product-text.ts";
import { type Dispatch, type Step, Words } from "./step.ts";
import { elementAt, storageOf } from "./types.ts";

/** One operand of a product: its rows, columns and batch items are so many elements apart. */
export interface Matrix {
  readonly kind: "matrix";
  readonly buffer: Buffer;
  readonly offset: number;
  readonly row: number;
  readonly column: number;
  /** One stride for each dimension of the product's batch. */
  readonly batch: readonly number[];
}

/** The right operand of a convolution: row `(channel, ky, kx)`, column `(y, x)` of the result. */
export interface Windows {
  readonly kind: "windows";
  readonly buffer: Buffer;
  readonly groups: number;
  /** Of one group. */
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly result: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number];
  readonly dilations: readonly [number, number];
}

export interface Product {
  readonly a: Matrix;
  readonly b: Matrix | Windows;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: readonly number[];
  readonly result: Buffer;
  readonly label: string;
}

const side = 64;
export const mostEpilogueInputs = 4;
const scratchBytes = 2 ** 26;

/** A product whose result takes along what is computed from each of its elements. */
export function productStep(builder: PlanBuilder, product: Product, operator: string): Pending {
  const byLibrary = builder.traits.blas ? libraryProductStep(product, operator) : undefined;
  if (byLibrary !== undefined) return byLibrary;
  const panels = packedPanels(builder, product);
  const step = (fused: Fused | undefined): Step | undefined => {
    const words = new Words();
    const bound = new Map([[product.a.buffer, "a"]]);
    if (panels === undefined && !bound.has(product.b.buffer)) bound.set(product.b.buffer, "b");
    const epilogue = epilogueOf(product, fused, words, bound);
    if (epilogue === undefined) return undefined;
    const { a, b } = product;
    const result = fused?.result ?? product.result;
    const extra = [...epilogue.inputs.values()];
    if (extra.length > mostEpilogueInputs) return undefined;
    const work = { product, panels, epilogue, words, result };
    const scratch = builder.traits.long && panels === undefined ? panelScratch(builder, product) : undefined;
    const dispatch = builder.traits.long ? longDispatch({ ...work, scratch }) : shortDispatch(work);
    return {
      label: fused === undefined ? product.label : `${product.label} with ${fused.operators.join(", ")}`,
      operators: [...new Set([operator, ...(fused?.operators ?? [])])],
      reads: [...new Set([a.buffer, panels ?? b.buffer, ...extra])],
      writes: [result],
      scratch: scratch === undefined ? [] : [scratch.buffer],
      flops: 2 * itemsOf(product) * product.m * product.n * product.k,
      replaceable: [],
      dispatches: () => [dispatch],
    };
  };
  return {
    emit: () => step(undefined) as Step,
    absorb: (fused) => step(fused),
  };
}

export interface Epilogue {
  readonly inputs: ReadonlyMap<string, Buffer>;
  readonly functions: ReadonlyMap<string, string>;
  readonly lineText: string;
  readonly elementText: string;
  readonly value: string;
}

const noEpilogue: Epilogue = {
  inputs: new Map(),
  functions: new Map(),
  lineText: "",
  elementText: "",
  value: "sum",
};

export function epilogueOf(
  product: Product,
  fused: Fused | undefined,
  words: Words,
  bound: ReadonlyMap<Buffer, string>,
): Epilogue | undefined {
  if (fused === undefined) return noEpilogue;
  const text = elementText(fused.expression, fused.shape, words, {
    inner: product.n,
    known: { buffer: product.result, text: "sum" },
    prefix: "e",
    bound,
  });
  return text.inner === product.n ? text : undefined;
}

interface Work {
  readonly product: Product;
  readonly panels: Buffer | undefined;
  readonly epilogue: Epilogue;
  readonly words: Words;
  readonly result: Buffer;
}

interface PanelScratch {
  readonly buffer: Buffer;
  readonly threads: number;
  readonly rowChunks: number;
}

const itemsOf = ({ batch }: Product) => batch.reduce((items, size) => items * size, 1);
const panelsOf = ({ n }: Product) => Math.ceil(n / panelColumns);
const rowsOf = ({ m }: Product) => (m === 1 ? 1 : m <= 4 ? 4 : 8);

/** A right operand that every item shares and that the plan starts with is laid out in panels once. */
function packedPanels(builder: PlanBuilder, product: Product): Buffer | undefined {
  const { b, k } = product;
  if (!builder.traits.long || b.kind !== "matrix" || b.buffer.source.kind !== "constant") return undefined;
  if (b.batch.some((stride) => stride !== 0)) return undefined;
  const panels = builder.buffer("f32", panelsOf(product) * k * panelColumns);
  const words = new Words();
  addSizes(words, product);
  const text = [
    words.text,
    "@group(0) @binding(1) var<storage, read> b: array<f32>;\n",
    "@group(0) @binding(2) var<storage, read_write> panels: array<f32>;\n",
    fillText(product, "b"),
    `@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let panel = id.x + id.y * groups.x;
  if (panel * ${panelColumns}u < p.n) {
    fill(panel * p.k * ${panelColumns}u, 0u, panel * ${panelColumns}u);
  }
}`,
  ].join("");
  const dispatch: Dispatch = {
    label: "pack",
    text,
    entryPoint: "main",
    bindings: { b: b.buffer, panels },
    parameters: words.bytes,
    workgroups: inRows(panelsOf(product)),
  };
  builder.emit({
    label: "pack weights",
    operators: [builder.operator],
    reads: [b.buffer],
    writes: [panels],
    scratch: [],
    flops: 0,
    replaceable: [],
    dispatches: () => [dispatch],
  });
  return panels;
}

function addSizes(words: Words, { a, b, m, n, k, batch }: Product): void {
  words.addAll({ m, n, k, items: batch.reduce((items, size) => items * size, 1) });
  batch.forEach((size, at) => {
    words.add(`size_${at}`, size);
  });
  const add = (name: string, matrix: Matrix) => {
    words.addAll({
      [`${name}_offset`]: matrix.offset,
      [`${name}_row`]: matrix.row,
      [`${name}_column`]: matrix.column,
    });
    batch.forEach((_, at) => {
      words.add(`${name}_batch_${at}`, elementAt(matrix.batch, at));
    });
  };
  add("a", a);
  if (b.kind === "matrix") add("b", b);
  else {
    const { groups, channels, size, kernel, result, strides, pads, dilations } = b;
    words.addAll({
      groups,
      channels,
      height: size[0],
      width: size[1],
      kernel_y: kernel[0],
      kernel_x: kernel[1],
    });
    words.addAll({ rows: result[0], columns: result[1], stride_y: strides[0], stride_x: strides[1] });
    words.addAll({ pad_y: pads[0], pad_x: pads[1], dilation_y: dilations[0], dilation_x: dilations[1] });
  }
}

/** Room for one panel a thread, which fills it before each use. */
function panelScratch(builder: PlanBuilder, product: Product): PanelScratch {
  const { m, k } = product;
  const units = itemsOf(product) * panelsOf(product);
  const rowChunks = Math.max(1, Math.min(Math.ceil(16 / units), Math.ceil(m / 32)));
  const panelBytes = k * panelColumns * 4;
  const most = Math.max(1, Math.floor(scratchBytes / panelBytes));
  const threads = Math.min(units * rowChunks, 2 * builder.traits.threads, most);
  return { buffer: builder.buffer("f32", threads * k * panelColumns), threads, rowChunks };
}

function longDispatch({
  product,
  panels,
  epilogue,
  words,
  result,
  scratch,
}: Work & { readonly scratch: PanelScratch | undefined }): Dispatch {
  const { a, b, m } = product;
  addSizes(words, product);
  const rows = rowsOf(product);
  const units = itemsOf(product) * panelsOf(product);
  const chunks = scratch?.rowChunks ?? Math.max(1, Math.min(Math.ceil(32 / units), Math.ceil(m / rows)));
  const chunkRows = Math.ceil(m / chunks / rows) * rows;
  const rowChunks = Math.ceil(m / chunkRows);
  const threads = Math.min(scratch?.threads ?? 65_535, units * rowChunks);
  words.addAll({ units: units * rowChunks, row_chunks: rowChunks, chunk_rows: chunkRows, threads });
  const fills = scratch !== undefined;
  const same = fills && a.buffer === b.buffer;
  const text = [
    words.text,
    "@group(0) @binding(1) var<storage, read> a: array<f32>;\n",
    fills && !same ? "@group(0) @binding(2) var<storage, read> b: array<f32>;\n" : "",
    `@group(0) @binding(3) var<storage, ${fills ? "read_write> panels: array<f32" : "read> panels: array<mat4x4<f32>"}>;\n`,
    resultText(result),
    inputTexts(epilogue.inputs, 5),
    [...epilogue.functions.values(), ""].join("\n"),
    fills ? fillText(product, same ? "a" : "b") : "",
    longText(product, rows, fills, epilogue),
  ].join("");
  const right = same ? {} : { b: b.buffer };
  const memory = fills ? { ...right, panels: scratch.buffer } : { panels: panels ?? b.buffer };
  return {
    label: product.label,
    text,
    entryPoint: "main",
    contract: true,
    bindings: { a: a.buffer, ...memory, result, ...Object.fromEntries(epilogue.inputs) },
    parameters: words.bytes,
    workgroups: [threads, 1],
  };
}

function shortDispatch({ product, epilogue, words, result }: Work): Dispatch {
  const { a, b, m, n } = product;
  addSizes(words, product);
  const same = a.buffer === b.buffer;
  const text = [
    words.text,
    "@group(0) @binding(1) var<storage, read> a: array<f32>;\n",
    same ? "" : "@group(0) @binding(2) var<storage, read> b: array<f32>;\n",
    resultText(result),
    inputTexts(epilogue.inputs, 5),
    [...epilogue.functions.values(), ""].join("\n"),
    loadText(product, same ? "a" : "b"),
    storeText(epilogue),
    shortText(),
  ].join("");
  const tiles = Math.ceil(m / side) * Math.ceil(n / side) * itemsOf(product);
  return {
    label: product.label,
    text,
    entryPoint: "main",
    contract: true,
    bindings: {
      a: a.buffer,
      ...(same ? {} : { b: b.buffer }),
      result,
      ...Object.fromEntries(epilogue.inputs),
    },
    parameters: words.bytes,
    workgroups: inRows(tiles),
  };
}

export function resultText({ dtype }: Buffer): string {
  return `@group(0) @binding(4) var<storage, read_write> result: array<${storageOf(dtype)}>;\n`;
}

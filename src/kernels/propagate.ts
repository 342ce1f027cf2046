import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { inRows } from "./grid.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

type Memory = DeviceBuffer | BufferView;

/** "last": of the last edge. */
export type PropagateReduction = "sum" | "max" | "last";

/** Edges in compressed rows: row v holds the edges into node v. */
export interface EdgeMemory {
  /** u32, `nodes + 1` */
  readonly rowStarts: Memory;
  /** u32, the node that each edge comes from. Every one must be in range. */
  readonly places: Memory;
  /** f32, one an edge; both with room for one where there is no edge. */
  readonly weights: Memory;
  readonly nodes: number;
}

export interface PropagateArguments extends EdgeMemory {
  readonly reduce: PropagateReduction;
  /** Numbers of a node. */
  readonly columns: number;
  /** f32, what each node multiplies what it gathered with; bound also where it does not. */
  readonly shares: Memory;
  readonly isShared: boolean;
  readonly factor: number;
  /** f32 [nodes, columns] */
  readonly before: Memory;
  /** f32 [nodes, columns], of which `restart` is added; bound also where that is 0. */
  readonly first: Memory;
  readonly restart: number;
  readonly after: Memory;
}

const partsWanted = 256;
const tiny = "7.888609052210118e-31f";

/** Numbers that a thread computes at once. */
type Width = 1 | 4 | 16;

const types: Readonly<Record<Width, string>> = { 1: "f32", 4: "vec4<f32>", 16: "mat4x4<f32>" };

const columnsOf = (text: (column: string) => string) =>
  `mat4x4(${["0", "1", "2", "3"].map(text).join(", ")})`;

/**
 * WebGPU may fuse a multiplication with the addition after it: what has to be rounded passes through integers, which a
 * compiler cannot see through. Zero becomes the least positive number, which is lost with all that is tiny.
 */
function keptText(type: string, bits: string, isFused: boolean): string {
  const body = isFused ? `bitcast<${type}>(max(bitcast<${bits}>(x), ${bits}(1u)))` : "x";
  return `fn kept(x: ${type}) -> ${type} { return ${body}; }\n`;
}

const gatherTexts: Readonly<Record<PropagateReduction, string>> = {
  sum: `fn gathered(start: u32, end: u32, unit: u32) -> Value {
  var sum = Value();
  for (var at = start; at < end; at++) {
    sum = sum + kept(before[places[at] * p.units + unit] * weights[at]);
  }
  return sum;
}
`,
  max: `fn gathered(start: u32, end: u32, unit: u32) -> Value {
  var most = Value();
  for (var at = start; at < end; at++) {
    let value = kept(before[places[at] * p.units + unit] * weights[at]);
    most = select(most, value, (value > most) || MASK(at == start));
  }
  return most;
}
`,
  last: `fn gathered(start: u32, end: u32, unit: u32) -> Value {
  var value = Value();
  if (end > start) {
    value = kept(before[places[end - 1u] * p.units + unit] * weights[end - 1u]);
  }
  return value;
}
`,
};

function widthOf(device: Device, reduce: PropagateReduction, columns: number): Width {
  const isWide = wantsLongThreads(device) && device.adapter.backend !== "webgpu" && reduce !== "max";
  if (isWide && columns % 16 === 0) return 16;
  return columns % 4 === 0 ? 4 : 1;
}

function propagateText(width: Width, reduce: PropagateReduction, isFused: boolean): string {
  const bits = width === 1 ? "u32" : "vec4<u32>";
  const kept = width === 16 ? keptText(types[16], "", false) : keptText(types[width], bits, isFused);
  const zeros = (value: string, type: string) =>
    `select(${value}, ${type}(), abs(${value}) < ${type}(${tiny}))`;
  const flushed =
    width === 16 ? columnsOf((column) => zeros(`x[${column}]`, "vec4<f32>")) : zeros("x", types[width]);
  const mask = width === 1 ? "bool" : "vec4<bool>";
  const or = width === 1 ? "||" : "|";
  return [
    `alias Value = ${types[width]};\n`,
    kept,
    `fn without_tiny(x: Value) -> Value { return ${flushed}; }\n`,
    gatherTexts[reduce].replace("MASK", mask).replace("||", or),
    kernelText("propagate.wgsl"),
  ].join("");
}

/** Where additions after multiplications may be fused whatever the text says. */
function fuses({ adapter }: Device): boolean {
  return adapter.backend === "webgpu";
}

/**
 * Enqueues one step: `after[v] = shares[v] * factor * reduce(weight * before[u]) + restart * first[v]` over the edges from u
 * to v in order, each operation rounded to f32; what is smaller than 2^-100 becomes 0, because devices differ in what they
 * do with numbers that small. Without edges the reduction is 0.
 */
export async function propagate(
  device: Device,
  work: PropagateArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { reduce, columns, nodes, rowStarts, places, weights, shares, before, first, after } = work;
  const width = widthOf(device, reduce, columns);
  const long = wantsLongThreads(device);
  const entryPoint = long ? "propagate_long" : "propagate_short";
  const text = propagateText(width, reduce, fuses(device));
  const kernel = await kernelOn(device, text, { entryPoint, label: `propagate ${reduce}` });
  const units = columns / width;
  const chunk = Math.max(1, Math.ceil(nodes / partsWanted));
  const p = new DataView(new ArrayBuffer(24));
  p.setUint32(0, nodes, true);
  p.setUint32(4, units, true);
  p.setUint32(8, chunk, true);
  p.setUint32(12, Number(work.isShared), true);
  p.setFloat32(16, work.factor, true);
  p.setFloat32(20, work.restart, true);
  const bindings = { p, row_starts: rowStarts, places, weights, shares, before, first, after };
  if (long) device.dispatch(kernel, bindings, inRows(Math.ceil(nodes / chunk)), options);
  else device.dispatchThreads(kernel, bindings, nodes * units, options);
}

export interface TraceArguments extends EdgeMemory {
  /** Looks for a stronger way also where one is known. */
  readonly strongest: boolean;
  readonly hop: number;
  readonly factor: number;
  /** u32 [nodes, 4]: source or 0xffffffff, steps, strength as f32 bits, 0. */
  readonly before: Memory;
  readonly after: Memory;
}

/** Enqueues one step of where values come from; of ways of equal strength, the first edge's. */
export async function trace(
  device: Device,
  { strongest, hop, factor, nodes, rowStarts, places, weights, before, after }: TraceArguments,
  options: WorkOptions = {},
): Promise<void> {
  const text = `${keptText("f32", "u32", fuses(device))}${kernelText("trace.wgsl")}`;
  const kernel = await kernelOn(device, text, { constants: { strongest }, label: "trace" });
  const p = new DataView(new ArrayBuffer(12));
  p.setUint32(0, nodes, true);
  p.setUint32(4, hop, true);
  p.setFloat32(8, factor, true);
  const bindings = { p, row_starts: rowStarts, places, weights, before, after };
  device.dispatchThreads(kernel, bindings, nodes, options);
}

import type { Buffer } from "./buffer.ts";
import type { Expression, Leaf, Position } from "./expression.ts";
import { partsOf } from "./expression.ts";
import { constantText, constantWords, flightType, scalarText } from "./scalars.ts";
import type { Words } from "./step.ts";
import { type DType, elementAt, storageOf } from "./types.ts";
import { collapsed, type View } from "./views.ts";

/** WGSL that computes one element after the other along the last dimension. */
export interface ElementText {
  /** Elements of the last dimension. */
  readonly inner: number;
  /** Storage buffers by name. */
  readonly inputs: ReadonlyMap<string, Buffer>;
  readonly functions: ReadonlyMap<string, string>;
  /** Given `line`, the index of all dimensions but the last. */
  readonly lineText: string;
  /** Given `x`, the index in the last dimension. */
  readonly elementText: string;
  readonly value: string;
}

export interface ElementOptions {
  /** Elements the last dimension keeps; without it as many as can be. */
  readonly inner?: number | undefined;
  /** A buffer whose element is in a variable at this place. */
  readonly known?: { readonly buffer: Buffer; readonly text: string } | undefined;
  /** Where the elements go, other than densely. */
  readonly out?: View | undefined;
  readonly prefix?: string;
  /** Buffers that the kernel binds anyway: a device binds none twice. */
  readonly bound?: ReadonlyMap<Buffer, string>;
}

export function loadText(buffer: string, index: string, dtype: DType): string {
  return dtype === "bool" ? `(${buffer}[${index}] != 0u)` : `${buffer}[${index}]`;
}

/** Compilers make vectors of loads and stores whose indices cannot wrap. */
export function noWrap(index: string): string {
  return `(${index}) & 0x7fffffffu`;
}

export function storeText(value: string, dtype: DType): string {
  return dtype === "bool" ? `select(0u, 1u, ${value})` : value;
}

/** Writes an expression over `shape` as WGSL; sizes, strides and constants become words of the parameters. */
export function elementText(
  expression: Expression,
  shape: readonly number[],
  words: Words,
  { inner, known, out, prefix = "", bound }: ElementOptions = {},
): ElementText {
  const parts = partsOf(expression);
  const placed = parts.filter(
    (part): part is Leaf | Position =>
      part.kind === "position" || (part.kind === "leaf" && part.buffer !== known?.buffer),
  );
  const views: readonly View[] = out === undefined ? placed : [...placed, out];
  const flat = collapsed(shape, views, inner);
  const inputs = new Map<string, Buffer>();
  const names = new Map<Buffer, string>();
  const functions = new Map<string, string>();
  const values = new Map<Expression, string>();
  const lines: string[] = [];
  const elements: string[] = [];

  const outer = flat.shape.slice(0, -1);
  if (outer.length > 1) lines.push(`var ${prefix}rest = line;`);
  for (let at = outer.length - 1; at > 0; at--) {
    const size = words.add(`${prefix}d${at}`, elementAt(outer, at));
    lines.push(`let ${prefix}c${at} = ${prefix}rest % ${size};`, `${prefix}rest = ${prefix}rest / ${size};`);
  }
  if (outer.length > 0) lines.push(`let ${prefix}c0 = ${outer.length > 1 ? `${prefix}rest` : "line"};`);

  const place = (
    view: View,
    name: string,
    isIndex: boolean,
  ): { readonly base: string; readonly stride: number; readonly step: string } => {
    const terms = view.offset === 0 ? [] : [words.add(`${name}_o`, view.offset)];
    outer.forEach((_, at) => {
      const stride = elementAt(view.strides, at);
      if (stride !== 0) terms.push(`${prefix}c${at} * ${words.add(`${name}_s${at}`, stride)}`);
    });
    const sum = terms.join(" + ") || "0u";
    lines.push(`let ${name}_at = ${isIndex ? noWrap(sum) : sum};`);
    const stride = elementAt(view.strides, outer.length);
    const step = stride === 0 || stride === 1 ? "" : words.add(`${name}_x`, stride);
    return { base: `${name}_at`, stride, step };
  };
  const indexOf = ({ base, stride, step }: ReturnType<typeof place>) =>
    stride === 0 ? base : stride === 1 ? `${base} + x` : `${base} + x * ${step}`;

  placed.forEach((part, at) => {
    const name = `${prefix}v${at}`;
    const where = place(elementAt(flat.views, at), name, part.kind === "leaf");
    let text: string;
    if (part.kind === "position") text = `bitcast<i32>(${indexOf(where)})`;
    else {
      let buffer = bound?.get(part.buffer) ?? names.get(part.buffer);
      if (buffer === undefined) {
        buffer = `${prefix}in${names.size}`;
        names.set(part.buffer, buffer);
        inputs.set(buffer, part.buffer);
      }
      text = loadText(buffer, indexOf(where), part.dtype);
    }
    (where.stride === 0 ? lines : elements).push(`let ${name} = ${text};`);
    values.set(part, name);
  });
  if (out !== undefined) {
    const where = place(elementAt(flat.views, placed.length), `${prefix}out`, true);
    elements.push(`let out_at = ${indexOf(where)};`);
  }
  let constants = 0;
  let results = 0;
  for (const part of parts) {
    if (part.kind === "constant") {
      const name = `${prefix}k${constants++}`;
      const read = constantWords(part.dtype, part.value).map((word, at) => words.add(`${name}_${at}`, word));
      lines.push(`let ${name} = ${constantText(part.dtype, read)};`);
      values.set(part, name);
    } else if (part.kind === "leaf" && known !== undefined && part.buffer === known.buffer) {
      values.set(part, known.text);
    } else if (part.kind === "apply") {
      const args = part.args.map((arg) => values.get(arg) ?? "");
      const from = elementAt(part.args, part.operation === "where" ? 1 : 0).dtype;
      const name = `${prefix}r${results++}`;
      elements.push(
        `let ${name} = ${scalarText(part.operation, args, { from, to: part.dtype }, functions)};`,
      );
      values.set(part, name);
    }
  }
  return {
    inner: elementAt(flat.shape, flat.shape.length - 1),
    inputs,
    functions,
    lineText: lines.join("\n    "),
    elementText: elements.join("\n      "),
    value: storeText(values.get(expression) ?? "", expression.dtype),
  };
}

export { flightType };

/** The declarations of inputs, starting at a binding. */
export function inputTexts(inputs: ReadonlyMap<string, Buffer>, first: number): string {
  return [...inputs]
    .map(
      ([name, buffer], at) =>
        `@group(0) @binding(${first + at}) var<storage, read> ${name}: array<${storageOf(buffer.dtype)}>;\n`,
    )
    .join("");
}

import { byteLengthOf, type DType } from "../core/dtype.ts";
import { computeType, type Expression, type ScalarType } from "../expression/expression.ts";
import { type Constant, constantText, functionsText, toWgsl, wordsOf } from "../expression/wgsl.ts";

/** How the innermost dimension steps through an input: "scalar" is one element for all of the result. */
export type Access = "unit" | "same" | "strided" | "scalar";

export interface ElementwiseForm {
  readonly expression: Expression;
  readonly inputs: readonly { readonly dtype: DType; readonly access: Access }[];
  readonly rank: number;
  readonly resultType: DType;
  readonly long: boolean;
}

export interface ElementwiseText {
  readonly text: string;
  readonly constants: readonly Constant[];
  /** Inputs that the text declares: those that the expression reads. */
  readonly used: ReadonlySet<number>;
}

/** Elements in a word of 4 bytes, or 1: what one thread owns at least when it writes. */
export function perWord(dtype: DType): number {
  return Math.max(1, 4 / byteLengthOf(dtype, 1));
}

/** The text of a kernel, which serves for all sizes, strides and constants. */
export function elementwiseText({
  expression,
  inputs,
  rank,
  resultType,
  long,
}: ElementwiseForm): ElementwiseText {
  const used = new Set<number>();
  const base = 2 + rank + inputs.length * (1 + rank);
  let words = base;
  const code = toWgsl([expression], {
    input: (index) => {
      used.add(index);
      return `x${index}`;
    },
    constant: (_, type) => {
      const at = words;
      words += wordsOf(type);
      return constantText(type, wordsOf(type) === 1 ? [word(at)] : [word(at), word(at + 1)]);
    },
  });
  const type = computeType(resultType);
  const loads = [...used].sort().map((at) => {
    const input = inputs[at];
    if (input === undefined) return "";
    const first = 2 + rank + at * (1 + rank);
    return `let x${at} = load_${at}(${address(input.access, first, rank)});`;
  });
  const narrowing = narrowings[resultType];
  const text = [
    `@group(0) @binding(0) var<uniform> parameters: array<vec4<u32>, ${Math.ceil(words / 4)}>;`,
    `@group(0) @binding(1) var<storage, read_write> result: array<${storageType(resultType)}>;`,
    ...[...used].sort().map((at) => inputText(at, inputs[at]?.dtype ?? "f32")),
    functionsText(code, { functions: new Set(narrowing?.functions) }),
    ...[...used].sort().map((at) => loadText(at, inputs[at]?.dtype ?? "f32")),
    `fn element(i: u32) -> ${type} {`,
    coordinates(rank),
    ...loads,
    code.body,
    `return ${code.results[0]};`,
    "}",
    storeText(resultType),
    (long ? longText : shortText).replaceAll("UNITS", unitsText(resultType)),
  ];
  return { text: text.join("\n"), constants: code.constants, used };
}

function word(at: number): string {
  return `parameters[${at >> 2}].${"xyzw"[at & 3]}`;
}

function coordinates(rank: number): string {
  if (rank === 1) return "let d0 = i;";
  const lines = ["var rest = i;"];
  for (let axis = rank - 1; axis > 0; axis--) {
    lines.push(`let d${axis} = rest % ${word(2 + axis)};`, `rest = rest / ${word(2 + axis)};`);
  }
  return [...lines, "let d0 = rest;"].join("\n");
}

function address(access: Access, first: number, rank: number): string {
  const terms = [word(first)];
  for (let axis = 0; axis < rank && access !== "scalar"; axis++) {
    const isLast = axis === rank - 1;
    if (isLast && access === "same") continue;
    terms.push(isLast && access === "unit" ? `d${axis}` : `d${axis} * ${word(first + 1 + axis)}`);
  }
  return terms.join(" + ");
}

function storageType(dtype: DType): string {
  return byteLengthOf(dtype, 1) < 4 ? "u32" : dtype;
}

function inputText(at: number, dtype: DType): string {
  return `@group(0) @binding(${at + 2}) var<storage, read> input_${at}: array<${storageType(dtype)}>;`;
}

function loadText(at: number, dtype: DType): string {
  const decode = loads[dtype];
  if (decode === undefined) return `fn load_${at}(at: u32) -> ${dtype} { return input_${at}[at]; }`;
  const shift = perWord(dtype) === 4 ? "(at & 3u) * 8u" : "(at & 1u) * 16u";
  const type: ScalarType = computeType(dtype);
  const part = `input_${at}[at >> ${perWord(dtype) === 4 ? 2 : 1}u] >> (${shift})`;
  return `fn load_${at}(at: u32) -> ${type} { return ${decode(part)}; }`;
}

const loads: Readonly<Partial<Record<DType, (part: string) => string>>> = {
  i8: (part) => `i32((${part}) << 24u) >> 24u`,
  u8: (part) => `(${part}) & 0xffu`,
  bool: (part) => `((${part}) & 0xffu) != 0u`,
  i16: (part) => `i32((${part}) << 16u) >> 16u`,
  u16: (part) => `(${part}) & 0xffffu`,
  bf16: (part) => `bitcast<f32>((${part}) << 16u)`,
  f16: (part) => `unpack2x16float((${part}) & 0xffffu).x`,
};

interface Narrowing {
  readonly encode: string;
  readonly functions: readonly string[];
}

const narrowings: Readonly<Partial<Record<DType, Narrowing>>> = {
  i8: { encode: "bitcast<u32>(element(e)) & 0xffu", functions: [] },
  u8: { encode: "element(e) & 0xffu", functions: [] },
  bool: { encode: "u32(element(e))", functions: [] },
  i16: { encode: "bitcast<u32>(element(e)) & 0xffffu", functions: [] },
  u16: { encode: "element(e) & 0xffffu", functions: [] },
  bf16: { encode: "encode_bf16(element(e))", functions: ["encode_bf16"] },
  f16: { encode: "encode_f16(element(e))", functions: ["encode_f16"] },
};

function storeText(dtype: DType): string {
  const narrowing = narrowings[dtype];
  if (narrowing === undefined) return "fn store(unit: u32) { result[unit] = element(unit); }";
  const parts = perWord(dtype);
  return `fn store(unit: u32) {
  var packed = 0u;
  for (var part = 0u; part < ${parts}u; part++) {
    let e = unit * ${parts}u + part;
    if (e < ${word(0)}) {
      packed |= (${narrowing.encode}) << (part * ${32 / parts}u);
    }
  }
  result[unit] = packed;
}`;
}

function unitsText(dtype: DType): string {
  const parts = perWord(dtype);
  return parts === 1 ? word(0) : `(${word(0)} + ${parts - 1}u) / ${parts}u`;
}

const longText = `
@compute @workgroup_size(1)
fn elementwise(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * ${word(1)};
  let last = min(first + ${word(1)}, UNITS);
  for (var unit = first; unit < last; unit++) {
    store(unit);
  }
}`;

const shortText = `
@compute @workgroup_size(256)
fn elementwise(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let unit = id.x + id.y * groups.x * 256u;
  if (unit < UNITS) {
    store(unit);
  }
}`;

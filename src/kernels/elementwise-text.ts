import type { DType } from "../core/dtype.ts";
import { computeType, type Expression } from "../expression/expression.ts";
import { type Constant, constantText, functionsText, toWgsl, wordsOf } from "../expression/wgsl.ts";
import { inputText, narrowings, perWord, storageType } from "./elementwise-types.ts";

/** How the innermost dimension steps through an input: "scalar" is one element for all of the result. */
export type Access = "unit" | "same" | "strided" | "scalar";

/**
 * What threads do. "short": one unit (a word, or an element where it is longer) each. "runs": a contiguous chunk of units each, in runs along the
 * innermost dimension. "units": such a chunk, unit by unit. "tiles": squares of the last two dimensions, whose strides
 * in the result come after those of the inputs.
 */
export type Walk = "short" | "runs" | "units" | "tiles";

export interface ElementwiseForm {
  readonly expression: Expression;
  readonly inputs: readonly { readonly dtype: DType; readonly access: Access }[];
  readonly rank: number;
  readonly resultType: DType;
  readonly walk: Walk;
}

export interface ElementwiseText {
  readonly text: string;
  readonly constants: readonly Constant[];
  /** Inputs that the text declares: those that the expression reads. */
  readonly used: ReadonlySet<number>;
}

/** Side of the squares of "tiles": a cache line's worth of rows, and more. */
export const tileSide = 32;

/** The text of a kernel, which serves for all sizes, strides and constants. */
export function elementwiseText(form: ElementwiseForm): ElementwiseText {
  const { expression, inputs, rank, resultType, walk } = form;
  const used = new Set<number>();
  const operands = inputs.length + (walk === "tiles" ? 1 : 0);
  let words = 2 + rank + operands * (1 + rank);
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
  const layout = new Layout(form, [...used].sort());
  const narrowing = narrowings[resultType];
  const text = [
    `@group(0) @binding(0) var<uniform> parameters: array<vec4<u32>, ${Math.ceil(words / 4)}>;`,
    `@group(0) @binding(1) var<storage, read_write> result: array<${storageType(resultType)}>;`,
    ...layout.used.map((at) => inputText(at, inputs[at]?.dtype ?? "f32")),
    functionsText(code, { functions: new Set(narrowing?.functions) }),
    `fn value(${layout.used.map((at) => `a${at}: u32`).join(", ")}) -> ${computeType(resultType)} {`,
    ...layout.used.map((at) => `let x${at} = load_${at}(a${at});`),
    code.body,
    `return ${code.results[0]};`,
    "}",
    walks[walk](layout),
  ];
  return { text: text.join("\n"), constants: code.constants, used };
}

function word(at: number): string {
  return `parameters[${at >> 2}].${"xyzw"[at & 3]}`;
}

/** Compilers make vectors of loads and stores whose indices plainly do not wrap; all are below 2^31. */
function noWrap(index: string, scale = 1): string {
  return `(${index}) & 0x${Math.floor(0x7fffffff / scale).toString(16)}u`;
}

const count = word(0);
const chunk = word(1);

/** Texts of addresses, from the words of the parameters: count, chunk, sizes, and offset and strides of each operand. */
class Layout {
  readonly form: ElementwiseForm;
  readonly used: readonly number[];
  readonly rank: number;
  readonly parts: number;

  constructor(form: ElementwiseForm, used: readonly number[]) {
    this.form = form;
    this.used = used;
    this.rank = form.rank;
    this.parts = perWord(form.resultType);
  }

  size(axis: number): string {
    return word(2 + axis);
  }

  stride(operand: number, axis: number): string {
    return word(3 + this.rank + operand * (1 + this.rank) + axis);
  }

  offset(operand: number): string {
    return word(2 + this.rank + operand * (1 + this.rank));
  }

  /** Statements that take `index` apart into `d0`, `d1`, ... of the first `axes` dimensions. */
  coordinates(index: string, axes = this.rank): string {
    if (axes === 0) return "";
    const lines = axes > 1 ? [`var rest = ${index};`] : [];
    for (let axis = axes - 1; axis > 0; axis--) {
      lines.push(`let d${axis} = rest % ${this.size(axis)};`, `rest = rest / ${this.size(axis)};`);
    }
    return [...lines, `let d0 = ${axes > 1 ? "rest" : index};`].join("\n");
  }

  /** Where an operand's element is for the coordinates of the first `axes` dimensions. */
  address(operand: number, axes = this.rank): string {
    const access = this.form.inputs[operand]?.access ?? "unit";
    const terms = [this.offset(operand)];
    for (let axis = 0; axis < axes && access !== "scalar"; axis++) {
      const isLast = axis === this.rank - 1;
      if (isLast && access === "same") continue;
      terms.push(isLast && access === "unit" ? `d${axis}` : `d${axis} * ${this.stride(operand, axis)}`);
    }
    return terms.join(" + ");
  }

  /** The address `steps` further along the innermost dimension. */
  along(operand: number, start: string, steps: string): string {
    switch (this.form.inputs[operand]?.access) {
      case "unit":
        return `${start} + ${steps}`;
      case "strided":
        return `${start} + (${steps}) * ${this.stride(operand, this.rank - 1)}`;
      default:
        return start;
    }
  }

  /** `value` at addresses given by operand. */
  value(address: (operand: number) => string): string {
    return `value(${this.used.map(address).join(", ")})`;
  }

  /** A unit's elements, `element(part)`, as it is stored. */
  packed(element: (part: number) => string): string {
    const narrowing = narrowings[this.form.resultType];
    if (narrowing === undefined) return element(0);
    return Array.from(
      { length: this.parts },
      (_, part) => `(${narrowing.encode(element(part))} << ${(part * 32) / this.parts}u)`,
    ).join(" | ");
  }
}

/** `store(unit)` for any unit, also the last, which may be part of a word. */
function storeText(layout: Layout): string {
  const { form, parts } = layout;
  const element = [
    `fn element(i: u32) -> ${computeType(form.resultType)} {`,
    layout.coordinates("i"),
    `return ${layout.value((operand) => layout.address(operand))};`,
    "}",
  ];
  const narrowing = narrowings[form.resultType];
  if (narrowing === undefined) {
    return [...element, "fn store(unit: u32) { result[unit] = element(unit); }"].join("\n");
  }
  return `${element.join("\n")}
fn store(unit: u32) {
  var packed = 0u;
  for (var part = 0u; part < ${parts}u; part++) {
    let e = unit * ${parts}u + part;
    if (e < ${count}) {
      packed |= ${narrowing.encode("element(e)")} << (part * ${32 / parts}u);
    }
  }
  result[unit] = packed;
}`;
}

function unitsText({ parts }: Layout): string {
  return parts === 1 ? count : `(${count} + ${parts - 1}u) / ${parts}u`;
}

function shortText(layout: Layout): string {
  return `${storeText(layout)}
@compute @workgroup_size(256)
fn elementwise(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let unit = id.x + id.y * groups.x * 256u;
  if (unit < ${unitsText(layout)}) {
    store(unit);
  }
}`;
}

function unitsWalk(layout: Layout): string {
  return `${storeText(layout)}
@compute @workgroup_size(1)
fn elementwise(@builtin(workgroup_id) id: vec3<u32>) {
  let last = min((id.x + 1u) * ${chunk}, ${unitsText(layout)});
  for (var unit = id.x * ${chunk}; unit < last; unit++) {
    store(unit);
  }
}`;
}

/** Runs cover whole units; where the last of all is not whole, the last thread stores it. */
function runsText(layout: Layout): string {
  const { used, parts, rank } = layout;
  const step = (part: number) => (parts === 1 ? "j" : `j * ${parts}u + ${part}u`);
  const stored = layout.packed((part) =>
    layout.value((operand) => layout.along(operand, `s${operand}`, step(part))),
  );
  const tail =
    parts === 1
      ? ""
      : `if (first + ${chunk} >= ${unitsText(layout)} && ${count} % ${parts}u != 0u) { store(${count} / ${parts}u); }`;
  return `${parts === 1 ? "" : storeText(layout)}
@compute @workgroup_size(1)
fn elementwise(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * ${chunk};
  let last = min(first + ${chunk}, ${parts === 1 ? count : `${count} / ${parts}u`});
  for (var unit = first; unit < last; ) {
    let i = unit * ${parts}u;
    ${layout.coordinates("i")}
    ${used.map((operand) => `let s${operand} = ${noWrap(layout.address(operand))};`).join("\n    ")}
    let run = ${noWrap(`min(last - unit, (${layout.size(rank - 1)} - d${rank - 1}) / ${parts}u)`, parts)};
    let start = ${noWrap("unit")};
    for (var j = 0u; j < run; j++) {
      result[start + j] = ${stored};
    }
    unit += run;
  }
  ${tail}
}`;
}

/** Squares, so that what is read against the grain is read again before it has left the cache. */
function tilesText(layout: Layout): string {
  const { used, rank } = layout;
  const [down, across] = [rank - 2, rank - 1];
  const result = layout.form.inputs.length;
  const all = [...used, result];
  const start = (operand: number) =>
    `${layout.address(operand, down)} + top * ${layout.stride(operand, down)} + left * ${layout.stride(operand, across)}`;
  const stored = layout.value((operand) => layout.along(operand, `r${operand}`, "j"));
  const blocks = (axis: number) => `((${layout.size(axis)} + ${tileSide - 1}u) / ${tileSide}u)`;
  return `
@compute @workgroup_size(1)
fn elementwise(@builtin(workgroup_id) id: vec3<u32>) {
  let last = min((id.x + 1u) * ${chunk}, ${count});
  for (var tile = id.x * ${chunk}; tile < last; tile++) {
    let left = tile % ${blocks(across)} * ${tileSide}u;
    let top = tile / ${blocks(across)} % ${blocks(down)} * ${tileSide}u;
    let outer = tile / ${blocks(across)} / ${blocks(down)};
    let width = min(${tileSide}u, ${layout.size(across)} - left);
    let height = min(${tileSide}u, ${layout.size(down)} - top);
    ${layout.coordinates("outer", down)}
    ${all.map((operand) => `let s${operand} = ${start(operand)};`).join("\n    ")}
    for (var row = 0u; row < height; row++) {
      ${all.map((operand) => `let r${operand} = ${noWrap(`s${operand} + row * ${layout.stride(operand, down)}`)};`).join("\n      ")}
      for (var j = 0u; j < width; j++) {
        result[r${result} + j] = ${stored};
      }
    }
  }
}`;
}

const walks: Readonly<Record<Walk, (layout: Layout) => string>> = {
  short: shortText,
  units: unitsWalk,
  runs: runsText,
  tiles: tilesText,
};

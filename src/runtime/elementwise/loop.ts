import { byteLengthOf, type DType } from "../../core/dtype.ts";
import { type ConstantValue, computeType, type Expression } from "../../expression/expression.ts";
import { toJavascript } from "../../expression/javascript.ts";

export interface LoopForm {
  readonly expression: Expression;
  readonly inputs: readonly DType[];
  readonly resultType: DType;
  readonly rank: number;
}

export interface Loop {
  /** The body of a function of `f, c, arrays, first, last, sizes, strides, offsets`; the result comes last. */
  readonly source: string;
  readonly constants: readonly ConstantValue[];
}

/**
 * The loop that computes elements `first` to `last` of a shape: runs along the innermost dimension, each of which starts
 * at addresses worked out anew.
 */
export function loopOf({ expression, inputs, resultType, rank }: LoopForm): Loop {
  const used = new Set<number>();
  const code = toJavascript([expression], {
    input: (index) => {
      used.add(index);
      return `x${index}`;
    },
    constant: (at) => `c${at}`,
  });
  const all = [...used].sort();
  const inner = rank - 1;
  const result = inputs.length;
  const lines = [
    ...code.constants.map((_, at) => `const c${at} = c[${at}];`),
    ...all.map((at) => `const a${at} = arrays[${at}], s${at} = strides[${at}][${inner}];`),
    `const r = arrays[${result}], sr = strides[${result}][${inner}], inner = sizes[${inner}];`,
    ...(inputs.includes("f16") ? ["const halves = f.f16Values();"] : []),
    "for (let i = first; i < last; ) {",
    "let rest = Math.floor(i / inner);",
    "const column = i - rest * inner;",
    ...all.map((at) => `let p${at} = offsets[${at}] + column * s${at};`),
    `let pr = offsets[${result}] + column * sr;`,
    `for (let axis = ${inner - 1}; axis >= 0; axis--) {`,
    "const next = Math.floor(rest / sizes[axis]), d = rest - next * sizes[axis];",
    ...all.map((at) => `p${at} += d * strides[${at}][axis];`),
    `pr += d * strides[${result}][axis];`,
    "rest = next;",
    "}",
    "const end = Math.min(last, i + inner - column);",
    "for (; i < end; i++) {",
    ...all.map((at) => `const x${at} = ${loaded(inputs[at] ?? "f32", `a${at}[p${at}]`)};`),
    code.body,
    `r[pr] = ${stored(resultType, code.results[0] ?? "")};`,
    ...all.map((at) => `p${at} += s${at};`),
    "pr += sr;",
    "}",
    "}",
  ];
  return { source: lines.join("\n"), constants: code.constants };
}

function loaded(dtype: DType, element: string): string {
  switch (dtype) {
    case "f16":
      return `halves[${element}]`;
    case "bf16":
      return `f.decodeBf16(${element})`;
    case "bool":
      return `${element} !== 0`;
    default:
      return element;
  }
}

function stored(dtype: DType, value: string): string {
  switch (dtype) {
    case "f16":
      return `f.encodeF16(${value})`;
    case "bf16":
      return `f.encodeBf16(${value})`;
    case "bool":
      return `${value} ? 1 : 0`;
    default:
      return value;
  }
}

/** About how many nanoseconds an element takes. */
export function effortOf(dtype: DType, nodes: number): number {
  const type = computeType(dtype);
  return nodes * (type === "i64" || type === "u64" ? 50 : byteLengthOf(dtype, 1) === 2 ? 5 : 2);
}

import { describe, expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import { builtins } from "#src/wgsl/check/builtins.js";
import type { Data } from "#src/wgsl/evaluate/value.js";
import { type Target, translate } from "#src/wgsl/index.js";
import { abstractInt, bool, isWideInteger, type Type, typeName } from "#src/wgsl/types.js";
import { program } from "./support.js";

const constants = "true 3i 1.5f 2.5h 7li 9lu 0.25lf 4 0.75 vec2(1li,-2li) vec2(0.5lf,2) vec3(3lu,4,5)".split(
  " ",
);
const types =
  "bool i32 u32 f32 i64 u64 f64 vec2<i64> vec3<u64> vec2<f64> vec2<bool> vec2<u32> vec2<i32>".split(" ");
const memory = types.map((type, at) => `var<private> v${at}: ${type};`).join(" ");
const variables = [...types.map((_, at) => `v${at}`), "4", "vec2(1, 2)"];
const operators = "+ - * / % & | ^ << >> == != < <= > >= && ||".split(" ");
const elsewhere = /^(atomic|subgroup|quad|workgroup|storage|texture|arrayLength)/;

/** Every operator, conversion and built-in function over one or two of `parts`. */
function* expressions(parts: readonly string[]): Generator<string> {
  const names = [...builtins.keys()].filter((name) => !elsewhere.test(name));
  for (const a of parts) {
    for (const name of names) yield `${name}(${a})`;
    for (const type of types) yield* [`${type}(${a})`, `bitcast<${type}>(${a})`];
    yield* [`-(${a})`, `~(${a})`, `!(${a})`, `(${a})[1]`, `(${a}).yx`];
    for (const b of parts) {
      for (const name of names) yield `${name}(${a}, ${b})`;
      for (const operator of operators) yield `(${a}) ${operator} (${b})`;
      yield* [`vec2(${a}, ${b})`, `vec3(${a}, ${b})`, `array(${a}, ${b})`, `select(${a}, ${b}, true)`];
    }
  }
}

/** Whether a constant is kept as its type is: 64-bit and abstract integers as bigints, other numbers as numbers. */
function fits(type: Type, data: Data): boolean {
  if (type.kind === "scalar") {
    const kind =
      type === bool ? "boolean" : isWideInteger(type) || type === abstractInt ? "bigint" : "number";
    return typeof data === kind;
  }
  if (typeof data !== "object") return false;
  if (type.kind === "struct") return type.members.every((member, at) => fits(member.type, data[at] ?? false));
  return "element" in type && data.every((item) => fits(type.element, item));
}

const accepted = (source: string) => {
  try {
    return program(source);
  } catch (error) {
    if (isAikoError(error, "INVALID_KERNEL") && "line" in error) return undefined;
    throw new Error(`${source}: ${error}`);
  }
};

describe("operators and functions over every type", () => {
  it("give constants of their type, or an error with its place", { timeout: 60_000 }, () => {
    const wrong: string[] = [];
    let count = 0;
    for (const text of expressions(constants)) {
      const [statement] =
        accepted(`enable f16; fn f() { let x = ${text}; }`)?.functions[0]?.body.statements ?? [];
      if (statement?.kind !== "let") continue;
      count++;
      const { initializer, value } = statement;
      if (initializer.kind !== "constant" || !fits(value.type, initializer.data))
        wrong.push(`${text}: ${typeName(value.type)}`);
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  const legal = [...expressions(variables)].filter((text) =>
    accepted(`${memory} fn f() { let x = ${text}; }`),
  );

  it.each<Target>(["opencl", "webgpu", "cuda"])("are translated to %s", { timeout: 60_000 }, (target) => {
    const doubles = new RegExp(
      ["f64", ...types.flatMap((type, at) => (/f64/.test(type) ? `v${at}\\b` : []))].join("|"),
    );
    const texts = target === "webgpu" ? legal.filter((text) => !doubles.test(text)) : legal;
    expect(texts.length).toBeGreaterThan(500);
    const body = texts.map((text) => `{ var x = ${text}; }`).join("\n");
    const { code } = translate(`${memory} @compute @workgroup_size(1) fn f() { ${body} }`, target);
    expect(code).not.toMatch(/undefined|\bNaN\b|\[object/);
  });
});

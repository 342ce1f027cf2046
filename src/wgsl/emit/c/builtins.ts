import { AikoError } from "../../../errors.ts";
import type { Expression } from "../../ir.ts";
import { elementScalar, isFloat, isSigned, type Type } from "../../types.ts";
import { emitBits } from "./bits.ts";
import { emitGeometry } from "./geometry.ts";
import { rounded } from "./half.ts";
import { emitMemory } from "./memory.ts";
import { laneBytes } from "./operators.ts";
import { emitPacking } from "./packing.ts";
import { emitStructure } from "./structures.ts";
import type { BuiltinCall, Writer } from "./writer.ts";

/** Same name and meaning in OpenCL C. */
const direct = new Set(
  (
    "acos acosh asin asinh atan atanh atan2 ceil cos cosh cross degrees distance exp exp2 floor fma ldexp length log log2 " +
    "normalize pow radians sin sinh sqrt step tan tanh trunc"
  ).split(" "),
);

const renamed: Readonly<Record<string, string>> = {
  round: "rint",
  inverseSqrt: "rsqrt",
  countOneBits: "popcount",
  countLeadingZeros: "clz",
};

/** A call of a WGSL built-in function. */
export function emitBuiltin(writer: Writer, expression: BuiltinCall): string {
  const special = emitMemory(writer, expression) ?? emitStructure(writer, expression);
  return special ?? rounded(writer.types, expression.type, emitFunction(writer, expression));
}

function emitFunction(writer: Writer, expression: BuiltinCall): string {
  const { name, type, args } = expression;
  const texts = writer.operands(args);
  const [a = "", b = ""] = texts;
  const first = args[0]?.type ?? type;
  if (/^(subgroup|quad)/.test(name)) return across(writer, expression, texts);
  if (direct.has(name)) return `${name}(${texts.join(", ")})`;
  const other = renamed[name];
  if (other !== undefined) return `${other}(${texts.join(", ")})`;
  return (
    emitNumbers(writer, expression, first, texts) ??
    emitGeometry(writer, name, first, type, texts) ??
    emitBits(writer, name, first, texts) ??
    emitPacking(writer, name, a, b) ??
    refuse(writer, name)
  );
}

function refuse(writer: Writer, name: string): never {
  throw new AikoError("UNSUPPORTED", {
    message: `'${name}' has no translation to ${writer.dialect.language}`,
    hint: /^(subgroup|quad)/.test(name)
      ? "Compile a variant of the kernel without subgroup operations."
      : undefined,
  });
}

/** Threads take part by reaching the call, so it is made here and not where its value is used. */
function across(writer: Writer, expression: BuiltinCall, texts: readonly string[]): string {
  if (!writer.dialect.subgroups) refuse(writer, expression.name);
  return writer.spill(expression.type, `${expression.name}(${texts.join(", ")})`);
}

function emitNumbers(
  writer: Writer,
  { name, type, args }: BuiltinCall,
  first: Type,
  texts: readonly string[],
): string | undefined {
  const { types, dialect, helpers } = writer;
  const [a = "", b = "", c = ""] = texts;
  const scalar = elementScalar(first);
  const float = scalar !== undefined && isFloat(scalar);
  const make = (text: string) => dialect.construct(types.value(first), [text]);
  const formula = (parameters: string, body: string) =>
    `${helpers.generic(name, first, parameters, () => body)}(${splatted(writer, args, texts, first).join(", ")})`;
  switch (name) {
    case "fract":
      return formula("x", "return x - floor(x);");
    case "mix":
      return formula("a b t", "return a * (1.0f - t) + b * t;");
    case "smoothstep":
      return formula(
        "low high x",
        `${types.value(first)} t = fmin(fmax((x - low) / (high - low), ${make("0")}), ${make("1")}); return t * t * (${make("3")} - ${make("2")} * t);`,
      );
    case "abs":
      if (float) return `fabs(${a})`;
      return isSigned(first) ? `${absolute(writer, first)}(${a})` : a;
    case "min":
    case "max":
      return `${float ? "f" : ""}${name}(${a}, ${b})`;
    case "clamp":
      return float ? `fmin(fmax(${a}, ${b}), ${c})` : `min(max(${a}, ${b}), ${c})`;
    case "saturate":
      return `fmin(fmax(${a}, ${make("0")}), ${make("1")})`;
    case "sign":
      return float ? `sign(${a})` : `${sign(writer, type)}(${a})`;
    case "select":
      return args[2]?.type.kind === "vector" && type.kind === "vector"
        ? dialect.choose(laneBytes(type), type.size, a, b, c)
        : `(${c} ? ${b} : ${a})`;
    case "all":
    case "any":
      return first.kind === "vector" ? `(${name}(${a}) != 0)` : a;
    default:
      return undefined;
  }
}

/** C's own abs is undefined for the lowest integer. */
function absolute({ helpers, types, dialect }: Writer, type: Type): string {
  return helpers.generic("absolute", type, "x", (part) => {
    const negated = `0u - ${dialect.reinterpret(types.unsigned(part), "x")}`;
    return `return max(x, ${dialect.reinterpret(types.value(part), negated)});`;
  });
}

function sign({ helpers }: Writer, type: Type): string {
  return helpers.generic("sign", type, "x", (part) =>
    part.kind === "vector" ? "return (x < 0) | ((x > 0) & 1);" : "return (x > 0) - (x < 0);",
  );
}

/** Scalars among vector arguments become vectors, as mix(vector, vector, scalar) needs. */
function splatted(
  writer: Writer,
  args: readonly Expression[],
  texts: readonly string[],
  type: Type,
): string[] {
  return texts.map((text, index) =>
    type.kind === "vector" && args[index]?.type.kind === "scalar"
      ? writer.dialect.construct(writer.types.value(type), [text])
      : text,
  );
}

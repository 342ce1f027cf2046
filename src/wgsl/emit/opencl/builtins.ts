import { AikoError } from "../../../errors.ts";
import type { Expression } from "../../ir.ts";
import { elementScalar, f32, i32, isFloat, type StructType, type Type } from "../../types.ts";
import { rounded } from "./half.ts";
import type { Helpers } from "./helpers.ts";
import { load, memberPlace, type Place, storeText } from "./places.ts";
import { laneName } from "./types.ts";
import type { Writer } from "./writer.ts";

type BuiltinCall = Expression & { kind: "builtin" };

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

const atomics: Readonly<Record<string, string>> = {
  atomicAdd: "atomic_add",
  atomicSub: "atomic_sub",
  atomicMax: "atomic_max",
  atomicMin: "atomic_min",
  atomicAnd: "atomic_and",
  atomicOr: "atomic_or",
  atomicXor: "atomic_xor",
  atomicExchange: "atomic_xchg",
};

/** Bodies over one value type T, whose unsigned twin is U: parameters, then the C statements. */
const formulas: Readonly<Record<string, readonly [parameters: string, body: string]>> = {
  fract: ["x", "return x - floor(x);"],
  mix: ["a b t", "return a * (1.0f - t) + b * t;"],
  smoothstep: [
    "low high x",
    "T t = fmin(fmax((x - low) / (high - low), (T)(0)), (T)(1)); return t * t * ((T)(3) - (T)(2) * t);",
  ],
  countTrailingZeros: ["x", "U u = as_U(x); return as_T(popcount((u & (0u - u)) - 1u));"],
  reverseBits: [
    "x",
    "U u = as_U(x); u = ((u >> 1u) & 0x55555555u) | ((u & 0x55555555u) << 1u); u = ((u >> 2u) & 0x33333333u) | ((u & 0x33333333u) << 2u); " +
      "u = ((u >> 4u) & 0x0f0f0f0fu) | ((u & 0x0f0f0f0fu) << 4u); u = ((u >> 8u) & 0x00ff00ffu) | ((u & 0x00ff00ffu) << 8u); " +
      "return as_T((u >> 16u) | (u << 16u));",
  ],
};

/** C's own abs is undefined for the lowest integer. */
const wrappingAbs = ["x", "return max(x, as_T(0u - as_U(x)));"] as const;

/** A call of a WGSL built-in function. */
export function emitBuiltin(writer: Writer, expression: BuiltinCall): string {
  const special = emitMemory(writer, expression) ?? emitStructure(writer, expression);
  return special ?? rounded(expression.type, emitFunction(writer, expression));
}

function emitFunction(writer: Writer, expression: BuiltinCall): string {
  const { name, type, args } = expression;
  const texts = writer.operands(args);
  const [a = "", b = "", c = ""] = texts;
  const first = args[0]?.type ?? type;
  const scalar = elementScalar(first);
  const float = scalar !== undefined && isFloat(scalar);
  if (direct.has(name)) return `${name}(${texts.join(", ")})`;
  const other = renamed[name];
  if (other !== undefined) return `${other}(${texts.join(", ")})`;
  const formula = formulas[name];
  if (formula !== undefined)
    return `${instance(writer, name, first, formula)}(${splatted(writer, args, texts, first).join(", ")})`;
  switch (name) {
    case "abs":
      if (float) return `fabs(${a})`;
      return scalar === i32 ? `${instance(writer, "absolute", first, wrappingAbs)}(${a})` : a;
    case "min":
    case "max":
      return `${float ? "f" : ""}${name}(${a}, ${b})`;
    case "clamp":
      return float ? `fmin(fmax(${a}, ${b}), ${c})` : `min(max(${a}, ${b}), ${c})`;
    case "saturate":
      return `fmin(fmax(${a}, (${writer.types.value(type)})(0)), (${writer.types.value(type)})(1))`;
    case "sign":
      return sign(writer, type, a, float);
    case "select":
      return args[2]?.type.kind === "vector" ? perComponent(texts) : `(${c} ? ${b} : ${a})`;
    case "all":
    case "any":
      return first.kind === "vector" ? `(${name}(${a}) != 0)` : a;
    case "transpose":
      if (first.kind === "matrix" && type.kind === "matrix")
        return `${writer.helpers.transpose(first, type)}(${a})`;
      break;
    case "determinant":
      if (first.kind === "matrix") return `${writer.helpers.determinant(first)}(${a})`;
      break;
    default:
  }
  return (
    emitGeometry(writer, name, first, texts) ??
    emitBits(writer, name, first, texts) ??
    emitPacking(writer.helpers, name, a, b) ??
    refuse(name)
  );
}

function refuse(name: string): never {
  throw new AikoError("UNSUPPORTED", {
    message: `'${name}' has no translation to OpenCL C 1.2`,
    hint:
      name.startsWith("subgroup") || name.startsWith("quad")
        ? "Compile a variant of the kernel without subgroup operations."
        : undefined,
  });
}

function instance(
  writer: Writer,
  name: string,
  type: Type,
  [parameters, body]: readonly [string, string],
): string {
  return writer.helpers.generic(name, type, parameters, (t) => {
    const unsigned = t.replace(/^u?int/, "uint");
    return body
      .replace(/\bas_T\b/g, `as_${t}`)
      .replace(/\bas_U\b/g, `as_${unsigned}`)
      .replace(/\bT\b/g, t)
      .replace(/\bU\b/g, unsigned);
  });
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
      ? `(${writer.types.value(type)})(${text})`
      : text,
  );
}

function sign(writer: Writer, type: Type, a: string, float: boolean): string {
  if (float) return `sign(${a})`;
  return `${writer.helpers.generic("sign", type, "x", () => (type.kind === "vector" ? "return (x < 0) | ((x > 0) & 1);" : "return (x > 0) - (x < 0);"))}(${a})`;
}

function perComponent([no = "", yes = "", condition = ""]: readonly string[]): string {
  return `select(${no}, ${yes}, ${condition})`;
}

function emitGeometry(
  writer: Writer,
  name: string,
  type: Type,
  texts: readonly string[],
): string | undefined {
  const { helpers, types } = writer;
  const t = types.value(type);
  const scalar = elementScalar(type) ?? f32;
  switch (name) {
    case "dot": {
      if (isFloat(scalar)) return `dot(${texts.join(", ")})`;
      const size = type.kind === "vector" ? type.size : 1;
      const sum = Array.from({ length: size }, (_, index) => `a.s${index} * b.s${index}`).join(" + ");
      const unsigned = Array.from(
        { length: size },
        (_, index) => `(uint)a.s${index} * (uint)b.s${index}`,
      ).join(" + ");
      const body = scalar === i32 ? `return (int)(${unsigned});` : `return ${sum};`;
      return `${helpers.generic("dot", type, "a b", () => body, laneName(scalar))}(${texts.join(", ")})`;
    }
    case "reflect":
      return `${helpers.generic("reflect", type, "e1 e2", (v) => `return e1 - (${v})(2 * dot(e2, e1)) * e2;`)}(${texts.join(", ")})`;
    case "faceForward":
      return `${helpers.generic("faceforward", type, "e1 e2 e3", () => "return dot(e2, e3) < 0 ? e1 : -e1;")}(${texts.join(", ")})`;
    case "refract":
      return `${helpers.need(
        `refract_${t}`,
        () =>
          `static inline ${t} refract_${t}(${t} e1, ${t} e2, ${laneName(scalar)} e3) { ${laneName(scalar)} d = dot(e2, e1); ` +
          `${laneName(scalar)} k = 1 - e3 * e3 * (1 - d * d); return k < 0 ? (${t})(0) : e3 * e1 - (e3 * d + sqrt(k)) * e2; }`,
      )}(${texts.join(", ")})`;
    default:
      return undefined;
  }
}

function emitBits(writer: Writer, name: string, type: Type, texts: readonly string[]): string | undefined {
  const { helpers, types } = writer;
  const t = types.value(type);
  const signed = elementScalar(type) === i32;
  const all = texts.join(", ");
  switch (name) {
    case "firstLeadingBit":
      return `${helpers.generic("firstleadingbit", type, "x", () => (signed ? "return 31 - clz(x ^ (x >> 31));" : "return 31u - clz(x);"))}(${all})`;
    case "firstTrailingBit": {
      const none = type.kind === "vector" ? `as_${t}(x == 0)` : `(${t})(x == 0 ? -1 : 0)`;
      return `${helpers.generic("firsttrailingbit", type, "x", (v) => {
        const u = v.replace(/^u?int/, "uint");
        return `${u} bits = as_${u}(x); return as_${v}(popcount((bits & (0u - bits)) - 1u)) | ${none};`;
      })}(${all})`;
    }
    case "extractBits":
      return `${helpers.need(
        `extractbits_${t}`,
        () =>
          `static inline ${t} extractbits_${t}(${t} e, uint offset, uint count) { uint o = min(offset, 32u); uint c = min(count, 32u - o); ` +
          `return c == 0u ? (${t})(0) : ${signed ? `as_${t}(as_${t.replace("int", "uint")}(e) << (32u - c - o))` : "(e << (32u - c - o))"} >> (${t})(32u - c); }`,
      )}(${all})`;
    case "insertBits":
      return `${helpers.need(
        `insertbits_${t}`,
        () =>
          `static inline ${t} insertbits_${t}(${t} e, ${t} n, uint offset, uint count) { uint o = min(offset, 32u); uint c = min(count, 32u - o); ` +
          `if (c == 0u) return e; uint m = (0xffffffffu >> (32u - c)) << o; return (e & (${t})(~m)) | ((n << (${t})(o)) & (${t})(m)); }`,
      )}(${all})`;
    default:
      return undefined;
  }
}

function emitPacking(helpers: Helpers, name: string, a: string, b: string): string | undefined {
  const scaled = (low: string, scale: string) => `rint(${scale} * fmin(fmax(${a}, ${low}), 1.0f))`;
  switch (name) {
    case "pack4x8snorm":
      return `as_uint(convert_char4(${scaled("-1.0f", "127.0f")}))`;
    case "pack4x8unorm":
      return `as_uint(convert_uchar4(${scaled("0.0f", "255.0f")}))`;
    case "pack2x16snorm":
      return `as_uint(convert_short2(${scaled("-1.0f", "32767.0f")}))`;
    case "pack2x16unorm":
      return `as_uint(convert_ushort2(${scaled("0.0f", "65535.0f")}))`;
    case "pack2x16float":
      return `${helpers.need("pack2x16float", () => "static inline uint pack2x16float(float2 v) { ushort h[2]; vstore_half_rte(v.s0, 0, (half*)h); vstore_half_rte(v.s1, 1, (half*)h); return (uint)h[0] | ((uint)h[1] << 16); }")}(${a})`;
    case "unpack2x16float":
      return `${helpers.need("unpack2x16float", () => "static inline float2 unpack2x16float(uint u) { ushort h[2] = { (ushort)u, (ushort)(u >> 16) }; return (float2)(vload_half(0, (half*)h), vload_half(1, (half*)h)); }")}(${a})`;
    case "quantizeToF16":
      return undefined;
    case "pack4xI8":
      return `as_uint(convert_uchar4(as_uint4(${a}) & 255u))`;
    case "pack4xU8":
      return `as_uint(convert_uchar4(${a} & 255u))`;
    case "pack4xI8Clamp":
      return `as_uint(convert_char4_sat(${a}))`;
    case "pack4xU8Clamp":
      return `as_uint(convert_uchar4_sat(${a}))`;
    case "unpack4x8snorm":
      return `fmax(convert_float4(as_char4(${a})) / 127.0f, -1.0f)`;
    case "unpack4x8unorm":
      return `(convert_float4(as_uchar4(${a})) / 255.0f)`;
    case "unpack2x16snorm":
      return `fmax(convert_float2(as_short2(${a})) / 32767.0f, -1.0f)`;
    case "unpack2x16unorm":
      return `(convert_float2(as_ushort2(${a})) / 65535.0f)`;
    case "unpack4xI8":
      return `convert_int4(as_char4(${a}))`;
    case "unpack4xU8":
      return `convert_uint4(as_uchar4(${a}))`;
    case "dot4U8Packed":
    case "dot4I8Packed": {
      const [t, byte] = name === "dot4U8Packed" ? ["uint", "uchar"] : ["int", "char"];
      const helper = name.toLowerCase();
      const body = `${t}4 x = convert_${t}4(as_${byte}4(a)) * convert_${t}4(as_${byte}4(b)); return x.s0 + x.s1 + x.s2 + x.s3;`;
      return `${helpers.need(helper, () => `static inline ${t} ${helper}(uint a, uint b) { ${body} }`)}(${a}, ${b})`;
    }
    default:
      return undefined;
  }
}

/** Barriers, atomics, lengths: everything that takes a pointer. */
function emitMemory(writer: Writer, expression: BuiltinCall): string | undefined {
  const { name, args, type } = expression;
  const [pointer] = args;
  if (name === "workgroupBarrier") return "barrier(CLK_LOCAL_MEM_FENCE)";
  if (name === "storageBarrier") return "barrier(CLK_GLOBAL_MEM_FENCE)";
  if (name === "textureBarrier") return "barrier(CLK_GLOBAL_MEM_FENCE)";
  if (pointer?.type.kind !== "pointer") return undefined;
  if (name === "arrayLength") return writer.count(pointer);
  if (name === "workgroupUniformLoad") {
    const text = writer.value(pointer);
    writer.line("barrier(CLK_LOCAL_MEM_FENCE);");
    const source: Place = {
      text: isVec3(type) ? text : `(*${text})`,
      type,
      space: "workgroup",
      readOnly: true,
    };
    const loaded = writer.spill(type, load(source));
    writer.line("barrier(CLK_LOCAL_MEM_FENCE);");
    return loaded;
  }
  if (name === "atomicCompareExchangeWeak") return compareExchange(writer, expression);
  const [target = "", operand = ""] = writer.operands(args);
  const qualified = `(volatile ${pointer.type.space === "workgroup" ? "__local" : "__global"} ${writer.types.value(pointer.type.store)}*)${target.startsWith("&") ? `(${target})` : target}`;
  if (name === "atomicLoad") return writer.spill(type, `*${qualified}`);
  if (name === "atomicStore") return `*${qualified} = ${operand}`;
  const atomic = atomics[name];
  return atomic === undefined ? undefined : writer.spill(type, `${atomic}(${qualified}, ${operand})`);
}

function isVec3(type: Type): boolean {
  return type.kind === "vector" && type.size === 3;
}

function compareExchange(writer: Writer, expression: BuiltinCall): string {
  const [pointer] = expression.args;
  const [target = "", expected = "", replacement = ""] = writer.operands(expression.args);
  if (pointer?.type.kind !== "pointer" || expression.type.kind !== "struct") return refuse(expression.name);
  const scalar = writer.types.value(pointer.type.store);
  const wanted = writer.names.temporary();
  writer.line(`${scalar} ${wanted} = ${expected};`);
  const old = writer.names.temporary();
  const space = pointer.type.space === "workgroup" ? "__local" : "__global";
  writer.line(
    `${scalar} ${old} = atomic_cmpxchg((volatile ${space} ${scalar}*)(${target}), ${wanted}, ${replacement});`,
  );
  return buildStructure(writer, expression.type, [old, `(${old} == ${wanted})`]);
}

function buildStructure(writer: Writer, type: StructType, parts: readonly string[]): string {
  const whole: Place = { text: writer.names.temporary(), type, space: "function", readOnly: false };
  writer.line(`${writer.types.value(type)} ${whole.text};`);
  parts.forEach((part, index) => {
    writer.line(`${storeText(memberPlace(whole, type, index), part)};`);
  });
  return whole.text;
}

/** frexp and modf give two results; quantizeToF16 goes through memory. */
function emitStructure(writer: Writer, expression: BuiltinCall): string | undefined {
  const { name, args, type } = expression;
  const [arg] = args;
  if (arg === undefined) return undefined;
  if (name === "quantizeToF16") return quantize(writer, arg);
  if ((name !== "frexp" && name !== "modf") || type.kind !== "struct") return undefined;
  const secondType = type.members[1]?.type ?? arg.type;
  const second = writer.names.temporary();
  const text = writer.value(arg);
  writer.line(`${writer.types.value(secondType)} ${second};`);
  const first = writer.spill(arg.type, `${name}(${text}, &${second})`);
  return buildStructure(writer, type, [first, second]);
}

function quantize(writer: Writer, arg: Expression): string {
  const half = writer.helpers.need(
    "quantize",
    () =>
      "static inline float quantize(float x) { ushort h; vstore_half_rte(x, 0, (half*)&h); return vload_half(0, (half*)&h); }",
  );
  const { type } = arg;
  if (type.kind !== "vector") return `${half}(${writer.value(arg)})`;
  const whole = writer.spill(type, writer.value(arg));
  const lanes = Array.from({ length: type.size }, (_, index) => `${half}(${whole}.s${index})`);
  return `(${writer.types.value(type)})(${lanes.join(", ")})`;
}

import type { Type } from "../../types.ts";
import { load, type Place } from "./places.ts";
import { buildStructure } from "./structures.ts";
import type { BuiltinCall, Writer } from "./writer.ts";

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

/** Barriers, atomics, lengths: everything that takes a pointer. */
export function emitMemory(writer: Writer, expression: BuiltinCall): string | undefined {
  const { dialect } = writer;
  const { name, args, type } = expression;
  const [pointer] = args;
  if (name === "workgroupBarrier") return dialect.barrier("workgroup");
  if (name === "storageBarrier" || name === "textureBarrier") return dialect.barrier("storage");
  if (pointer?.type.kind !== "pointer") return undefined;
  if (name === "arrayLength") return writer.count(pointer);
  if (name === "workgroupUniformLoad") {
    const text = writer.value(pointer);
    writer.line(`${dialect.barrier("workgroup")};`);
    const source: Place = {
      text: isVec3(type) ? text : `(*${text})`,
      type,
      space: "workgroup",
      readOnly: true,
    };
    const loaded = writer.spill(type, load(writer, source));
    writer.line(`${dialect.barrier("workgroup")};`);
    return loaded;
  }
  if (name === "atomicCompareExchangeWeak") return compareExchange(writer, expression);
  const [target = "", operand = ""] = writer.operands(args);
  const qualified = `(volatile ${dialect.space(pointer.type.space)}${writer.types.value(pointer.type.store)}*)${target.startsWith("&") ? `(${target})` : target}`;
  if (name === "atomicLoad") return writer.spill(type, `*${qualified}`);
  if (name === "atomicStore") return `*${qualified} = ${operand}`;
  const atomic = atomics[name];
  return atomic === undefined ? undefined : writer.spill(type, `${atomic}(${qualified}, ${operand})`);
}

function isVec3(type: Type): boolean {
  return type.kind === "vector" && type.size === 3;
}

function compareExchange(writer: Writer, expression: BuiltinCall): string | undefined {
  const [pointer] = expression.args;
  const [target = "", expected = "", replacement = ""] = writer.operands(expression.args);
  if (pointer?.type.kind !== "pointer" || expression.type.kind !== "struct") return undefined;
  const scalar = writer.types.value(pointer.type.store);
  const wanted = writer.names.temporary();
  writer.declare(scalar, wanted, expected);
  const old = writer.names.temporary();
  const address = `(volatile ${writer.dialect.space(pointer.type.space)}${scalar}*)(${target})`;
  writer.declare(scalar, old, `atomic_cmpxchg(${address}, ${wanted}, ${replacement})`);
  return buildStructure(writer, expression.type, [old, `(${old} == ${wanted})`]);
}

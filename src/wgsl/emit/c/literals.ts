import { AikoError } from "../../../errors.ts";
import { type Data, halfBits, list } from "../../evaluate/value.ts";
import {
  bool,
  f16,
  f64,
  i32,
  i64,
  isWideInteger,
  type ScalarType,
  type Type,
  typeName,
  u32,
} from "../../types.ts";
import type { CTypes, Field } from "./types.ts";

/** An initialiser for memory of `type`, in braces where C wants them. */
export function initializer(types: CTypes, type: Type, data: Data): string {
  switch (type.kind) {
    case "vector": {
      const lanes = list(data).map((item) => memoryLiteral(types, item, type.element));
      return type.size === 3
        ? `{ { ${lanes.join(", ")} } }`
        : types.dialect.construct(types.memory(type), lanes);
    }
    case "matrix":
      return `{ { ${list(data)
        .map((column) =>
          initializer(types, { kind: "vector", size: type.rows, element: type.element }, column),
        )
        .join(", ")} } }`;
    case "array":
      return `{ { ${list(data)
        .map((item) => initializer(types, type.element, item))
        .join(", ")} } }`;
    case "struct": {
      const value = ({ member, index }: Field) => initializer(types, member.type, list(data)[index] ?? 0);
      const parts = types.dialect.namesMembers
        ? type.members.map(
            (member, index) => `.${types.memberName(member.name)} = ${value({ member, index })}`,
          )
        : types.fields(type).map((field) => (typeof field === "number" ? "{}" : value(field)));
      return `{ ${parts.join(", ")} }`;
    }
    case "scalar":
      return type === f16 ? memoryLiteral(types, data, type) : literal(types, type, data);
    default:
      return literal(types, type, data);
  }
}

/** Zeroes for memory of `type`; C fills the rest of an aggregate by itself. */
export function zero(types: CTypes, type: Type): string {
  if (type.kind === "scalar" || type.kind === "atomic") return "0";
  if (!types.dialect.namesMembers) return "{}";
  switch (type.kind) {
    case "vector":
      return type.size === 3 ? "{ { 0 } }" : types.dialect.construct(types.memory(type), ["0"]);
    case "matrix":
      return `{ { ${zero(types, { kind: "vector", size: type.rows, element: type.element })} } }`;
    case "array":
      return `{ { ${zero(types, type.element)} } }`;
    case "struct": {
      const [first] = type.members;
      return first === undefined
        ? "{ 0 }"
        : `{ .${types.memberName(first.name)} = ${zero(types, first.type)} }`;
    }
    default:
      return "0";
  }
}

/** A scalar, vector or wide matrix as a C expression. */
export function literal(types: CTypes, type: Type, data: Data): string {
  if (type.kind === "scalar") return scalarLiteral(types, data, type);
  if (type.kind === "vector")
    return types.dialect.construct(
      types.value(type),
      list(data).map((item) => laneLiteral(types, item, type.element)),
    );
  if (type.kind === "matrix" && types.isWide(type)) {
    return types.dialect.construct(
      types.value(type),
      list(data).flatMap((column) => list(column).map((item) => laneLiteral(types, item, type.element))),
    );
  }
  throw new AikoError("INTERNAL", { message: `${typeName(type)} has no literal` });
}

function scalarLiteral(types: CTypes, data: Data, type: ScalarType): string {
  if (type === bool) return data ? "true" : "false";
  if (isWideInteger(type))
    return wideLiteral(BigInt(data as bigint), types.dialect.suffixes[type === i64 ? "i64" : "u64"]);
  const value = Number(data);
  if (type === u32) return `${value}u`;
  if (type === i32)
    return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value);
  if (type === f64) types.usesDouble = true;
  const suffix = type === f64 ? "" : "f";
  const digits = Object.is(value, -0) ? "-0.0" : /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return digits.startsWith("-") ? `(${digits}${suffix})` : `${digits}${suffix}`;
}

function laneLiteral(types: CTypes, data: Data, type: ScalarType): string {
  if (type === bool) return data ? "-1" : "0";
  return scalarLiteral(types, data, type);
}

function memoryLiteral(types: CTypes, data: Data, type: ScalarType): string {
  return type === f16 ? String(halfBits(Number(data))) : laneLiteral(types, data, type);
}

/** C reads the lowest integer as the negative of one that does not fit. */
function wideLiteral(value: bigint, suffix: string): string {
  if (value === -(2n ** 63n)) return `(-9223372036854775807${suffix} - 1${suffix})`;
  return value < 0n ? `(${value}${suffix})` : `${value}${suffix}`;
}

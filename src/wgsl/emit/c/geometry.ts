import { elementScalar, f32, isFloat, isSigned, type ScalarType, type Type } from "../../types.ts";
import type { Writer } from "./writer.ts";

/** Vectors and matrices as such. */
export function emitGeometry(
  writer: Writer,
  name: string,
  type: Type,
  result: Type,
  texts: readonly string[],
): string | undefined {
  const { helpers, types, matrices } = writer;
  const scalar = elementScalar(type) ?? f32;
  const t = types.value(type);
  const all = texts.join(", ");
  switch (name) {
    case "dot":
      return isFloat(scalar) ? `dot(${all})` : `${integerDot(writer, type, scalar)}(${all})`;
    case "reflect":
      return `${helpers.generic("reflect", type, "e1 e2", () => `return e1 - (${t})(2 * dot(e2, e1)) * e2;`)}(${all})`;
    case "faceForward":
      return `${helpers.generic("faceforward", type, "e1 e2 e3", () => "return dot(e2, e3) < 0 ? e1 : -e1;")}(${all})`;
    case "refract":
      return `${refract(writer, type, types.lane(scalar))}(${all})`;
    case "transpose":
      return type.kind === "matrix" && result.kind === "matrix"
        ? `${matrices.transpose(type, result)}(${all})`
        : undefined;
    case "determinant":
      return type.kind === "matrix" ? `${matrices.determinant(type)}(${all})` : undefined;
    default:
      return undefined;
  }
}

function integerDot({ helpers, types, dialect }: Writer, type: Type, scalar: ScalarType): string {
  const t = types.value(type);
  const size = type.kind === "vector" ? type.size : 1;
  const sum = (cast: string) =>
    Array.from(
      { length: size },
      (_, at) => `${cast}${dialect.lane("a", at)} * ${cast}${dialect.lane("b", at)}`,
    ).join(" + ");
  const lane = types.lane(scalar);
  return helpers.define(`dot_${t}`, lane, `${t} a, ${t} b`, () =>
    isSigned(scalar) ? `return (${lane})(${sum(`(${types.unsigned(scalar)})`)});` : `return ${sum("")};`,
  );
}

function refract({ helpers, types }: Writer, type: Type, lane: string): string {
  const t = types.value(type);
  return helpers.define(
    `refract_${t}`,
    t,
    `${t} e1, ${t} e2, ${lane} e3`,
    () =>
      `${lane} d = dot(e2, e1); ${lane} k = 1 - e3 * e3 * (1 - d * d); ` +
      `return k < 0 ? (${t})(0) : e3 * e1 - (e3 * d + sqrt(k)) * e2;`,
  );
}

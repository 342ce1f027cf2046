import { elementScalar, isSigned, isWideInteger, type Type } from "../../types.ts";
import type { Writer } from "./writer.ts";

/** Functions of the bits of integers. */
export function emitBits(
  writer: Writer,
  name: string,
  type: Type,
  texts: readonly string[],
): string | undefined {
  const helper = helperFor(writer, name, type);
  return helper === undefined ? undefined : `${helper}(${texts.join(", ")})`;
}

function helperFor(writer: Writer, name: string, type: Type): string | undefined {
  const { helpers, types, dialect } = writer;
  const top = bits(type) - 1;
  switch (name) {
    case "countTrailingZeros":
      return helpers.generic(name, type, "x", (part) => {
        const u = types.unsigned(part);
        const count = dialect.reinterpret(types.value(part), "popcount((u & (0u - u)) - 1u)");
        return `${u} u = ${dialect.reinterpret(u, "x")}; return ${count};`;
      });
    case "reverseBits":
      return helpers.generic(name, type, "x", (part) => {
        const u = types.unsigned(part);
        return `${u} u = ${dialect.reinterpret(u, "x")}; ${reversal(bits(type))}return ${dialect.reinterpret(types.value(part), `(u >> ${bits(type) / 2}u) | (u << ${bits(type) / 2}u)`)};`;
      });
    case "firstLeadingBit":
      return helpers.generic("firstleadingbit", type, "x", () =>
        isSigned(type) ? `return ${top} - clz(x ^ (x >> ${top}));` : `return ${top}u - clz(x);`,
      );
    case "firstTrailingBit":
      return helpers.generic("firsttrailingbit", type, "x", (part) => {
        const t = types.value(part);
        const u = types.unsigned(part);
        const none = part.kind === "vector" ? dialect.reinterpret(t, "x == 0") : `(${t})(x == 0 ? -1 : 0)`;
        const count = dialect.reinterpret(t, "popcount((bits & (0u - bits)) - 1u)");
        return `${u} bits = ${dialect.reinterpret(u, "x")}; return ${count} | ${none};`;
      });
    case "extractBits":
      return extract(writer, type);
    case "insertBits":
      return insert(writer, type);
    default:
      return undefined;
  }
}

function bits(type: Type): number {
  const scalar = elementScalar(type);
  return scalar !== undefined && isWideInteger(scalar) ? 64 : 32;
}

/** Swaps neighbouring bits, pairs, fours and so on, up to the halves. */
function reversal(width: number): string {
  const swaps: string[] = [];
  for (let step = 1; step < width / 2; step *= 2) {
    let mask = 0n;
    for (let at = 0n; at < width; at++) if ((at / BigInt(step)) % 2n === 0n) mask |= 1n << at;
    const digits = `0x${mask.toString(16).padStart(width / 4, "0")}u`;
    swaps.push(`u = ((u >> ${step}u) & ${digits}) | ((u & ${digits}) << ${step}u); `);
  }
  return swaps.join("");
}

function extract({ helpers, types, dialect }: Writer, type: Type): string {
  const t = types.value(type);
  const left = "<< (32u - c - o)";
  const shifted = isSigned(type)
    ? dialect.reinterpret(t, `${dialect.reinterpret(types.unsigned(type), "e")} ${left}`)
    : `(e ${left})`;
  return helpers.define(
    `extractbits_${t}`,
    t,
    `${t} e, uint offset, uint count`,
    () =>
      "uint o = min(offset, 32u); uint c = min(count, 32u - o); " +
      `return c == 0u ? (${t})(0) : ${shifted} >> (${t})(32u - c);`,
  );
}

function insert({ helpers, types, dialect }: Writer, type: Type): string {
  const t = types.value(type);
  const u = types.unsigned(type);
  const shifted = isSigned(type)
    ? dialect.reinterpret(t, `${dialect.reinterpret(u, "n")} << (${u})(o)`)
    : `(n << (${t})(o))`;
  return helpers.define(
    `insertbits_${t}`,
    t,
    `${t} e, ${t} n, uint offset, uint count`,
    () =>
      "uint o = min(offset, 32u); uint c = min(count, 32u - o); if (c == 0u) return e; " +
      `uint m = (0xffffffffu >> (32u - c)) << o; return (e & (${t})(~m)) | (${shifted} & (${t})(m));`,
  );
}

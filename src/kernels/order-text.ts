import type { NumberType } from "./axis.ts";
import { forBothWidths } from "./wgsl-widths.ts";

export interface OrderOptions {
  /** Where NaN stands among the numbers. */
  readonly nan: "highest" | "lowest";
  /** Whether -0 comes before +0, or is the same. */
  readonly zeros: "distinct" | "equal";
}

interface FloatBits {
  readonly unsigned: string;
  readonly signed: string;
  readonly signShift: string;
  readonly sign: string;
  readonly size: string;
  readonly infinity: string;
  readonly nan: string;
  readonly zero: string;
  readonly highest: string;
}

const floats: Readonly<Record<"f32" | "f64", FloatBits>> = {
  f32: {
    unsigned: "u32",
    signed: "i32",
    signShift: "31u",
    sign: "0x80000000u",
    size: "0x7fffffffu",
    infinity: "0x7f800000u",
    nan: "0x7fc00000u",
    zero: "0u",
    highest: "0xffffffffu",
  },
  f64: {
    unsigned: "u64",
    signed: "i64",
    signShift: "63u",
    sign: "0x8000000000000000lu",
    size: "0x7ffffffffffffffflu",
    infinity: "0x7ff0000000000000lu",
    nan: "0x7ff8000000000000lu",
    zero: "0lu",
    highest: "0xfffffffffffffffflu",
  },
};

/** How numbers of a type are read where only their order counts: an f64 as its bits, so that no device needs f64. */
export function orderedElement(type: NumberType): string {
  return type === "f64" ? "u64" : type;
}

/** The type of keys. */
export function keyType(type: NumberType): NumberType {
  if (type === "f32") return "u32";
  return type === "f64" ? "u64" : type;
}

/** WGSL functions `key_of` and `key_of4` to integers `K` in the order of the numbers, and `value_of` back. */
export function orderText(type: NumberType, { nan, zeros }: OrderOptions): string {
  if (type !== "f32" && type !== "f64") {
    return `alias K = ${type};
${forBothWidths(`fn key_of$n(value: $(${type})) -> $(${type}) { return value; }`)}
fn value_of(key: ${type}) -> ${type} { return key; }
`;
  }
  const b = floats[type];
  const k = `$(${b.unsigned})`;
  const element = orderedElement(type);
  const isZero = `(raw & ${k}(${b.size})) == ${k}(${b.zero})`;
  const nanKey = nan === "highest" ? b.highest : b.zero;
  return `alias K = ${b.unsigned};
${forBothWidths(`fn key_of$n(value: $(${element})) -> ${k} {
  let raw = bitcast<${k}>(value);
  let bits = ${zeros === "equal" ? `select(raw, ${k}(${b.zero}), ${isZero})` : "raw"};
  let ordered = bits ^ (bitcast<${k}>(bitcast<$(${b.signed})>(bits) >> $(u32)(${b.signShift})) | ${k}(${b.sign}));
  return select(ordered, ${k}(${nanKey}), (bits & ${k}(${b.size})) > ${k}(${b.infinity}));
}`)}
fn value_of(key: ${b.unsigned}) -> ${element} {
  let bits = select(~key, key ^ ${b.sign}, key >= ${b.sign});
  return bitcast<${element}>(select(bits, ${b.nan}, key == ${nanKey}));
}
`;
}

import { type NumberType, typeBytes } from "./axis.ts";
import { keyType, orderedElement, orderText } from "./order-text.ts";

export interface SortOrder {
  readonly type: NumberType;
  readonly descending: boolean;
  readonly withIndices: boolean;
}

export type IndexType = "i32" | "u32" | "i64";

/** Bytes of the unsigned integers that are sorted. */
export function radixBytes(type: NumberType): 4 | 8 {
  return typeBytes[type] === 8 ? 8 : 4;
}

/**
 * Types E (element) and U (unsigned key), and `radix_of` and `number_of` between them. NaN is above all numbers. With
 * indices, -0 and +0 are equal and stay in order; without, -0 comes first.
 */
export function radixText({ type, descending, withIndices }: SortOrder): string {
  const key = keyType(type);
  const wide = typeBytes[key] === 8;
  const unsigned = wide ? "u64" : "u32";
  const sign = wide ? "0x8000000000000000lu" : "0x80000000u";
  const flip = key === "i32" || key === "i64" ? ` ^ ${sign}` : "";
  const turn = descending ? "~" : "";
  return `${orderText(type, { nan: "highest", zeros: withIndices ? "equal" : "distinct" })}
alias E = ${orderedElement(type)};
alias U = ${unsigned};
fn radix_of(value: E) -> U { return ${turn}(bitcast<U>(key_of(value))${flip}); }
fn number_of(radix: U) -> E { return value_of(bitcast<K>((${turn}radix)${flip})); }
fn digit_of(radix: U, shift: u32, mask: u32) -> u32 { return u32(radix >> shift) & mask; }
`;
}

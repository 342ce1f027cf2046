import type { ColumnType } from "../../../core/column-type.ts";

export interface LowerInput {
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Of a column held by codes: its texts in ascending order of their bytes. */
  readonly dictionary?: readonly string[] | undefined;
}

/** What a fused kernel reads for one slot of its inputs. */
export type KernelInput =
  /** The values of a column; of text in a dictionary, its codes. */
  | { readonly kind: "column"; readonly index: number }
  /** A bit for each code of a column's dictionary. */
  | { readonly kind: "codeSet"; readonly index: number; readonly bits: Uint32Array }
  /** A bitmap of rows that a text kernel makes beforehand; where the column is null, anything. */
  | { readonly kind: "textTest"; readonly index: number; readonly test: TextTest; readonly pattern: string };

export type TextTest =
  | "equal"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "prefix"
  | "suffix"
  | "contains"
  | "like";

/** Numbers of the scalar inputs of a slot. */
export interface Slot {
  readonly value: number;
  readonly high: number;
  readonly valid: number;
}

const perSlot = 3;

export function slotNumbers(slot: number): Slot {
  return { value: perSlot * slot, high: perSlot * slot + 1, valid: perSlot * slot + 2 };
}

/** Which slot a scalar input belongs to, and what of it. */
export function slotOfInput(index: number): {
  readonly slot: number;
  readonly part: "value" | "high" | "valid";
} {
  const parts = ["value", "high", "valid"] as const;
  return { slot: Math.floor(index / perSlot), part: parts[index % perSlot] ?? "value" };
}

/** Inputs in the order in which expressions first need them. */
export class Slots {
  #all: KernelInput[] = [];
  readonly #keys = new Map<string, number>();

  get all(): readonly KernelInput[] {
    return this.#all;
  }

  get length(): number {
    return this.#all.length;
  }

  slotOf(wanted: KernelInput): Slot {
    const key = JSON.stringify(wanted.kind === "codeSet" ? [wanted.index, ...wanted.bits] : wanted);
    let at = this.#keys.get(key);
    if (at === undefined) {
      at = this.#all.length;
      this.#all.push(wanted);
      this.#keys.set(key, at);
    }
    return slotNumbers(at);
  }

  cutTo(length: number): void {
    this.#all = this.#all.slice(0, length);
    for (const [key, at] of this.#keys) if (at >= length) this.#keys.delete(key);
  }
}

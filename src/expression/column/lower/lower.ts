import { type ColumnType, physicalOf } from "../../../core/column-type.ts";
import { AikoError, isAikoError } from "../../../errors.ts";
import { input } from "../../build.ts";
import type { Expression } from "../../expression.ts";
import type { ResolvedExpression } from "../expression.ts";
import { heldValue } from "../literals.ts";
import { isFloat } from "../types.ts";
import { loweredCast, scalarOf, typeRange } from "./casts.ts";
import { type Chosen, chosen, coalesced, testOf, tests } from "./choices.ts";
import { bitsOfFloat, equalValues, lessValues, orderedBits } from "./compare.ts";
import { and, constant, errorOf, type Lowered, masked, no, not, or, withErrors, yes } from "./lowered.ts";
import { numberFunctions } from "./numbers.ts";
import { type KernelInput, type LowerInput, Slots } from "./slots.ts";
import { dictionaryTest, textTest } from "./texts.ts";
import { timeFunction } from "./times.ts";
import { wideConstant } from "./wide.ts";

export interface LowerOptions {
  /** Whether the device computes with f64; else f64 columns are only compared and moved. Default true. */
  readonly f64?: boolean | undefined;
}

export interface LoweredExpression {
  readonly value: Expression;
  /** The high words of 128-bit integers. */
  readonly high?: Expression | undefined;
  /** Absent where no row is null. */
  readonly valid?: Expression | undefined;
  /** An error word: bit 0 OVERFLOW, bit 1 INVALID_VALUE. Absent where no row can fail. */
  readonly error?: Expression | undefined;
  readonly physical:
    | "bits"
    | "i8"
    | "i16"
    | "i32"
    | "i64"
    | "u8"
    | "u16"
    | "u32"
    | "u64"
    | "f32"
    | "f64"
    | "i128";
}

export type LoweringResult = LoweredExpression | { readonly reason: string };

export interface Lowering {
  /** What the kernel reads, in order: see `valueInput`, `highInput` and `validInput`. */
  readonly inputs: readonly KernelInput[];
  readonly expressions: readonly LoweringResult[];
}

/**
 * Expressions as scalars of one fused kernel, each of (value, valid, error); a reason in its place where kernels cannot compute it.
 * Errors are those of rows that are valid and whose branch is taken.
 */
export function lower(
  expressions: readonly ResolvedExpression[],
  inputs: readonly LowerInput[],
  options: LowerOptions = {},
): Lowering {
  const lowerer = new Lowerer(inputs, options.f64 ?? true);
  const results = expressions.map((expression): LoweringResult => {
    const before = lowerer.slots.length;
    try {
      return lowerer.result(expression);
    } catch (error) {
      if (!isAikoError(error, "UNSUPPORTED")) throw error;
      lowerer.slots.cutTo(before);
      lowerer.forget();
      return { reason: error.message };
    }
  });
  return { inputs: lowerer.slots.all, expressions: results };
}

/** A predicate of a lowered bool: null counts as false. */
export function asPredicate(lowered: LoweredExpression): LoweredExpression {
  return { ...lowered, value: and(lowered.value, lowered.valid ?? yes), valid: undefined };
}

function unsupported(what: string): AikoError {
  return new AikoError("UNSUPPORTED", { message: `kernels have no ${what}` });
}

/** Each is a comparison in the text of a kernel. */
const mostMembers = 129;

type Call = Extract<ResolvedExpression, { readonly kind: "call" }>;

class Lowerer {
  readonly slots = new Slots();
  readonly #inputs: readonly LowerInput[];
  readonly #f64: boolean;
  #made = new Map<ResolvedExpression, Lowered>();

  constructor(inputs: readonly LowerInput[], f64: boolean) {
    this.#inputs = inputs;
    this.#f64 = f64;
  }

  forget(): void {
    this.#made = new Map();
  }

  result(node: ResolvedExpression): LoweredExpression {
    const physical = physicalOf(node.type);
    if (physical === "text" || physical === "list") throw unsupported(`results of type ${node.type.kind}`);
    const lowered = this.lower(node);
    const error = errorOf(lowered);
    return {
      value: lowered.value,
      physical,
      ...(lowered.high === undefined ? {} : { high: lowered.high }),
      ...(lowered.valid === yes ? {} : { valid: lowered.valid }),
      ...(error === undefined ? {} : { error }),
    };
  }

  lower(node: ResolvedExpression): Lowered {
    let made = this.#made.get(node);
    if (made === undefined) {
      made = this.#lower(node);
      this.#made.set(node, made);
    }
    return made;
  }

  #lower(node: ResolvedExpression): Lowered {
    switch (node.kind) {
      case "column":
        return this.#column(node.index, node.type);
      case "literal":
        return this.#literal(node);
      case "case":
        return this.#case(node);
      case "cast": {
        this.#assertComputes(node.operand.type, node.type);
        const operand = this.lower(node.operand);
        const cast = loweredCast(
          node.orNull ? { ...operand, overflow: no, invalid: no } : operand,
          node.operand.type,
          node.type,
        );
        if (typeof cast === "string") throw unsupported(cast);
        if (!node.orNull) return cast;
        const fails = or(cast.overflow, cast.invalid);
        return {
          ...cast,
          valid: and(cast.valid, not(fails)),
          overflow: operand.overflow,
          invalid: operand.invalid,
        };
      }
      case "call":
        return this.#call(node);
    }
  }

  #column(index: number, type: ColumnType): Lowered {
    const column = this.#inputs[index];
    if (column === undefined) throw new AikoError("INTERNAL", { message: `There is no input ${index}` });
    const physical = physicalOf(type);
    if (physical === "text" && column.dictionary === undefined) throw unsupported("values of text");
    if (physical === "list") throw unsupported("lists");
    const slot = this.slots.slotOf({ kind: "column", index });
    const valid = column.nullable ? input(slot.valid, "bool") : yes;
    const isBits = type.kind === "float64" && !this.#f64;
    const value = input(slot.value, isBits ? "u64" : scalarOf(type));
    const high = physical === "i128" ? input(slot.high, "i64") : undefined;
    return {
      value,
      high,
      valid,
      overflow: no,
      invalid: no,
      range: high === undefined ? typeRange(type) : undefined,
    };
  }

  #literal(node: Extract<ResolvedExpression, { kind: "literal" }>): Lowered {
    const { type } = node;
    const held = heldValue(node);
    if (type.kind === "utf8" || type.kind === "list") throw unsupported(`values of ${type.kind}`);
    const valid = held === null ? no : yes;
    const base = { valid, overflow: no, invalid: no };
    if (physicalOf(type) === "i128") {
      const { low, high } = wideConstant(BigInt(held ?? 0));
      return { ...base, value: low, high };
    }
    if (type.kind === "float64" && !this.#f64) {
      return { ...base, value: constant(bitsOfFloat(Number(held ?? 0)), "u64") };
    }
    const scalar = scalarOf(type);
    if (scalar === "bool") return { ...base, value: constant(held === true, scalar) };
    if (isFloat(type)) return { ...base, value: constant(Number(held ?? 0), scalar) };
    const whole = BigInt(held ?? 0);
    return { ...base, value: constant(whole, scalar), range: [whole, whole] };
  }

  /** Without f64, numbers of that type can be moved and compared, not computed. */
  #assertComputes(...types: readonly ColumnType[]): void {
    if (!this.#f64 && types.some(({ kind }) => kind === "float64")) {
      throw new AikoError("UNSUPPORTED", { message: "the device has no f64 arithmetic" });
    }
  }

  #case(node: Extract<ResolvedExpression, { kind: "case" }>): Lowered {
    let open: Expression = yes;
    const parts: Lowered[] = [];
    const taken: { readonly at: Expression; readonly value: Lowered }[] = [];
    for (const { when, then } of node.branches) {
      const condition = this.lower(when);
      parts.push(masked(condition, open));
      const holds = and(condition.valid, condition.value);
      const value = this.lower(then);
      parts.push(masked(value, and(open, holds)));
      taken.push({ at: holds, value });
      open = and(open, not(holds));
    }
    const otherwise = this.lower(node.otherwise);
    parts.push(masked(otherwise, open));
    return withErrors(
      taken.reduceRight((rest: Chosen, { at, value }) => chosen(at, value, rest), otherwise),
      parts,
    );
  }

  #call(node: Call): Lowered {
    const { name, operands, type } = node;
    if (operands.some((each) => each.type.kind === "utf8") && !(name === "dateTrunc" || name === "dateDiff"))
      return this.#text(node);
    switch (name) {
      case "isNull":
      case "isNotNull": {
        const operand = this.lower(operands[0] as ResolvedExpression);
        return withErrors({ value: name === "isNull" ? not(operand.valid) : operand.valid, valid: yes }, [
          operand,
        ]);
      }
      case "and":
      case "or":
        return this.#logic(operands, name === "and");
      case "not": {
        const operand = this.lower(operands[0] as ResolvedExpression);
        return withErrors({ value: not(operand.value), valid: operand.valid }, [operand]);
      }
      case "dateTrunc":
      case "dateDiff": {
        const part = operands[0]?.kind === "literal" ? String(operands[0].value) : "";
        return this.#time(node, part, operands.slice(1));
      }
    }
    const lowered = operands.map((each) => this.lower(each));
    if (
      name === "coalesce" ||
      name === "least" ||
      name === "greatest" ||
      name === "nullIf" ||
      name === "isIn"
    ) {
      return this.#mixed(name, this.#comparable(lowered, operands), lowered);
    }
    if (name in tests) {
      const [a, b] = this.#comparable(lowered, operands);
      return testOf(name, a as Lowered, b as Lowered, lowered);
    }
    const compute = numberFunctions[name];
    if (compute === undefined) return this.#time(node, "", operands);
    this.#assertComputes(type, ...operands.map((each) => each.type));
    const made = compute(
      lowered,
      operands.map((each) => each.type),
      type,
    );
    if (typeof made === "string") throw unsupported(made);
    return made;
  }

  #time(node: Call, part: string, operands: readonly ResolvedExpression[]): Lowered {
    this.#assertComputes(node.type);
    const lowered = operands.map((each) => this.lower(each));
    const made = timeFunction(node.name, part, lowered, operands[0]?.type ?? node.type);
    if (made === undefined) throw unsupported(node.name);
    if (typeof made === "string") throw unsupported(made);
    return made;
  }

  /** Bits of f64 in an order, where the device has none. */
  #comparable(lowered: readonly Lowered[], operands: readonly ResolvedExpression[]): readonly Lowered[] {
    if (this.#f64 || operands[0]?.type.kind !== "float64") return lowered;
    return lowered.map((each) => ({ ...each, value: orderedBits(each.value) }));
  }

  #logic(operands: readonly ResolvedExpression[], isAnd: boolean): Lowered {
    const deciding: Expression[] = [];
    const agreeing: Expression[] = [];
    const parts: Lowered[] = [];
    let open: Expression = yes;
    for (const each of operands) {
      const operand = this.lower(each);
      parts.push(masked(operand, open));
      const holds = and(operand.valid, operand.value);
      const fails = and(operand.valid, not(operand.value));
      deciding.push(isAnd ? fails : holds);
      agreeing.push(isAnd ? holds : fails);
      open = and(open, not(isAnd ? fails : holds));
    }
    const decided = or(...deciding);
    const allValid = parts.every(({ valid }) => valid === yes);
    const all = and(...agreeing);
    const value = isAnd ? all : decided;
    return withErrors({ value, valid: allValid ? yes : or(decided, all) }, parts);
  }

  #mixed(name: string, comparable: readonly Lowered[], lowered: readonly Lowered[]): Lowered {
    const [first] = lowered as readonly [Lowered];
    const [key] = comparable as readonly [Lowered];
    if (name === "coalesce") return coalesced(lowered);
    if (name === "isIn") {
      if (lowered.length > mostMembers) throw unsupported(`isIn of more than ${mostMembers - 1} numbers`);
      const matches = comparable.slice(1).map((each) => and(each.valid, equalValues(key, each)));
      const found = or(...matches);
      const complete = and(...lowered.slice(1).map(({ valid }) => valid));
      return withErrors(
        { value: found, valid: lowered.length === 1 ? yes : and(key.valid, or(found, complete)) },
        lowered,
      );
    }
    if (name === "nullIf") {
      const other = comparable[1] as Lowered;
      const same = and(other.valid, equalValues(key, other));
      return withErrors({ ...first, valid: and(first.valid, not(same)) }, lowered);
    }
    let best = first;
    let bestKey = key;
    for (let at = 1; at < lowered.length; at++) {
      const [next, nextKey] = [lowered[at] as Lowered, comparable[at] as Lowered];
      const better = name === "least" ? lessValues(nextKey, bestKey) : lessValues(bestKey, nextKey);
      const takes = and(next.valid, or(not(best.valid), better));
      const valid = or(best.valid, next.valid);
      bestKey = withErrors({ ...chosen(takes, nextKey, bestKey), valid }, []);
      best = withErrors({ ...chosen(takes, next, best), valid }, []);
    }
    return withErrors(best, lowered);
  }

  #text(node: Call): Lowered {
    const tested = dictionaryTest(node, this.#inputs, this.slots) ?? textTest(node, this.#inputs, this.slots);
    if (tested === undefined) {
      throw unsupported(
        node.name === "matches" ? "regular expressions" : `${node.name} of text that is not in a dictionary`,
      );
    }
    return tested;
  }
}

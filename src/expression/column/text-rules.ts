import type { ColumnType } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { partNames } from "./date-parts.ts";
import type { ResolvedExpression } from "./expression.ts";
import { literalBeside, naturalLiteral } from "./literals.ts";
import { asType, commonOf, isFree, type Operand, settled } from "./operand.ts";
import { call, type Rule, refused } from "./rule.ts";
import { bool, castable, float64, int64, isInteger, isTime, utf8 } from "./types.ts";

/** SQL's patterns. A literal one must not end in an escape of nothing. */
export const pattern: Rule = (name, operands) => {
  const made = texts(bool)(name, operands);
  const of = made.kind === "call" ? made.operands[1] : undefined;
  const text = of?.kind === "literal" ? String(of.value) : "";
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The pattern ${JSON.stringify(text)} ends in a backslash that escapes nothing`,
      hint: "Write two for one.",
    });
  }
  return made;
};

export function texts(type: ColumnType): Rule {
  return (name, operands) =>
    call(
      name,
      operands.map((each) => textOf(name, each)),
      type,
    );
}

function textOf(name: string, operand: Operand): ResolvedExpression {
  if (isFree(operand) && operand.free === null) return asType(operand, utf8);
  const typed = settled(operand);
  if (typed.type.kind === "utf8") return typed;
  throw refused(name, "text", typed.type);
}

export const substring: Rule = (name, operands) => {
  const [text, ...places] = operands;
  const whole = places.map((each) => {
    const typed = settled(each);
    if (!isInteger(typed.type)) throw refused(name, "text and integers", typed.type);
    return asType(each, int64);
  });
  return call(name, [textOf(name, text ?? { free: null }), ...whole], utf8);
};

export const concat: Rule = (name, operands) => {
  const parts = operands.map((each) => {
    if (isFree(each) && each.free === null) return asType({ free: "" }, utf8);
    const typed = settled(each);
    if (!castable(typed.type, utf8)) throw refused(name, "what has a text", typed.type);
    return asType(typed, utf8);
  });
  return call(name, parts, utf8);
};

function timeOf(name: string, operand: Operand | undefined): ResolvedExpression {
  if (operand === undefined || (isFree(operand) && operand.free === null)) {
    return asType({ free: null }, { kind: "timestamp", unit: "us" });
  }
  const typed =
    isFree(operand) && typeof operand.free === "string"
      ? literalBeside(operand.free, { kind: "timestamp", unit: "us" })
      : settled(operand);
  if (isTime(typed.type)) return typed;
  throw refused(name, "dates and timestamps", typed.type);
}

export const datePart: Rule = (name, operands) => call(name, [timeOf(name, operands[0])], int64);

export const epoch: Rule = (name, operands) => {
  const [operand] = operands;
  if (operand !== undefined && !isFree(operand) && operand.typed.type.kind === "duration") {
    return call(name, [operand.typed], float64);
  }
  return call(name, [timeOf(name, operand)], float64);
};

function partOf(name: string, operand: Operand | undefined): ResolvedExpression {
  const typed = operand === undefined ? naturalLiteral(null) : settled(operand);
  const part = typed.kind === "literal" ? String(typed.value).toLowerCase() : "";
  const known = partNames[part];
  if (known !== undefined) return asType({ free: known }, utf8);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes a part of time as a literal, not ${typed.kind === "literal" ? `"${part}"` : "an expression"}`,
    hint: `Parts are ${[...new Set(Object.values(partNames))].join(", ")}.`,
  });
}

export const dateTrunc: Rule = (name, operands) => {
  const time = timeOf(name, operands[1]);
  return call(name, [partOf(name, operands[0]), time], time.type);
};

export const dateDiff: Rule = (name, operands) => {
  const part = partOf(name, operands[0]);
  const times = operands.slice(1).map((each): Operand => {
    if (isFree(each) && (typeof each.free === "string" || each.free === null)) return each;
    return { typed: timeOf(name, each) };
  });
  const common = times.every(isFree) ? ({ kind: "timestamp", unit: "us" } as const) : commonOf(times, name);
  return call(name, [part, ...times.map((each) => asType(each, common))], int64);
};

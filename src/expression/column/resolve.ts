import { type ColumnType, type Schema, sameType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { branchOf } from "./branch.ts";
import type { ColumnExpression, ResolvedExpression } from "./expression.ts";
import { folded } from "./fold.ts";
import { functionRules } from "./function-rules.ts";
import { literalOf, typedLiteral } from "./literals.ts";
import { asType, commonOf, conditionOf, isFree, type Operand, settled } from "./operand.ts";
import { partsOfColumn } from "./parts.ts";
import { unknownColumn } from "./row.ts";
import { bool, castable, isNumber } from "./types.ts";

/** Deeper expressions are refused before they overflow the stack. */
export const mostDepth = 1000;

/**
 * Gives an expression the types of a schema. Operands come out with the types that their functions compute with, and what
 * is made of literals alone is computed. A literal's value comes out as its column would hold it: days, ticks, and unscaled decimals as bigints.
 * Throws INVALID_ARGUMENT for an unknown column, for types that a function does not take, and for depth beyond `mostDepth`.
 */
export function resolve(expression: ColumnExpression, schema: Schema): ResolvedExpression {
  assertDepth(expression);
  const resolver = new Resolver(schema);
  return settled(resolver.operand(expression));
}

/** `resolve` for a filter. Throws INVALID_ARGUMENT for what is not bool. */
export function resolvePredicate(expression: ColumnExpression, schema: Schema): ResolvedExpression {
  const resolved = resolve(expression, schema);
  if (resolved.type.kind === "bool") return resolved;
  if (resolved.kind === "literal" && resolved.value === null) return literalOf(null, bool);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A filter is true or false for a row, this is ${typeText(resolved.type)}`,
    hint: "Compare it with something.",
  });
}

class Resolver {
  readonly #schema: Schema;
  readonly #made = new Map<ColumnExpression, Operand>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  operand(node: ColumnExpression): Operand {
    let made = this.#made.get(node);
    if (made === undefined) {
      made = this.#operand(node);
      this.#made.set(node, made);
    }
    return made;
  }

  #operand(node: ColumnExpression): Operand {
    switch (node.kind) {
      case "column":
        return { typed: this.#column(node.name) };
      case "literal":
        return node.type === undefined
          ? { free: node.value }
          : { typed: typedLiteral(node.value, node.type) };
      case "call": {
        const operands = node.operands.map((each) => this.operand(each));
        return { typed: folded(functionRules(node.name, operands)) };
      }
      case "case":
        return { typed: folded(this.#case(node)) };
      case "cast":
        return { typed: folded(this.#cast(this.operand(node.operand), node.to, node.orNull)) };
    }
  }

  #column(name: string): ResolvedExpression {
    const index = this.#schema.findIndex((field) => field.name === name);
    const field = this.#schema[index];
    if (field === undefined) throw unknownColumn(name, this.#schema);
    return { kind: "column", index, type: field.type };
  }

  #case({ branches, otherwise }: Extract<ColumnExpression, { kind: "case" }>): ResolvedExpression {
    const conditions = branches.map(({ when }) => conditionOf(this.operand(when)));
    const values = branches.map(({ then }) => this.operand(then));
    const last: Operand = otherwise === undefined ? { free: null } : this.operand(otherwise);
    const type = commonOf([...values, last], "A case");
    return {
      kind: "case",
      branches: conditions.map((condition, at) => branchOf(condition, asType(values[at] ?? last, type))),
      otherwise: asType(last, type),
      type,
    };
  }

  #cast(operand: Operand, to: ColumnType, orNull: boolean): ResolvedExpression {
    if (isFree(operand) && operand.free === null) return literalOf(null, to);
    const typed = settled(operand);
    if (!castable(typed.type, to)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${typeText(typed.type)} cannot be cast to ${typeText(to)}`,
        ...(isNumber(typed.type)
          ? { hint: "Numbers become dates and times through int64: days and ticks." }
          : {}),
      });
    }
    return sameType(typed.type, to) ? typed : { kind: "cast", operand: typed, orNull, type: to };
  }
}

function assertDepth(root: ColumnExpression): void {
  const depths = new Map<ColumnExpression, number>();
  const stack: [ColumnExpression, number][] = [[root, 1]];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [node, depth] = top;
    if ((depths.get(node) ?? 0) >= depth) continue;
    depths.set(node, depth);
    if (depth > mostDepth) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `An expression is more than ${mostDepth} operations deep`,
        hint: "Use isIn, or give `and`, `or` and `concat` all their operands at once.",
      });
    }
    for (const part of partsOfColumn(node)) stack.push([part, depth + 1]);
  }
}

import type { Block, Expression, Statement, Value } from "../ir.ts";
import { pointerTo } from "../types.ts";
import { contains } from "../walk.ts";
import type { LoweredExpressions, Renamed } from "./expressions.ts";
import { isWide } from "./types.ts";

/** Statements around lowered expressions; an assignment with an operator becomes one without. */
export class LoweredStatements {
  readonly #expressions: LoweredExpressions;
  readonly #renamed: Renamed;
  readonly #targetName: string;

  constructor(expressions: LoweredExpressions, renamed: Renamed, targetName: string) {
    this.#expressions = expressions;
    this.#renamed = renamed;
    this.#targetName = targetName;
  }

  block(block: Block): Block {
    return { kind: "block", statements: block.statements.map((statement) => this.lower(statement)) };
  }

  lower(statement: Statement): Statement {
    switch (statement.kind) {
      case "block":
        return this.block(statement);
      case "var":
        return { kind: "var", variable: this.#renamed.variable(statement.variable) };
      case "let":
        return {
          kind: "let",
          value: this.#renamed.value(statement.value),
          initializer: this.#expressions.lower(statement.initializer),
        };
      case "assign":
        return this.#assign(statement);
      case "evaluate":
        return { kind: "evaluate", expression: this.#expressions.lower(statement.expression) };
      case "if":
        return {
          kind: "if",
          condition: this.#expressions.lower(statement.condition),
          consequent: this.block(statement.consequent),
          alternate: statement.alternate && this.lower(statement.alternate),
        };
      case "switch":
        return {
          kind: "switch",
          selector: this.#expressions.lower(statement.selector),
          cases: statement.cases.map((item) => ({ ...item, body: this.block(item.body) })),
        };
      case "loop":
        return {
          kind: "loop",
          body: this.block(statement.body),
          continuing: statement.continuing && this.block(statement.continuing),
          breakIf: statement.breakIf && this.#expressions.lower(statement.breakIf),
        };
      case "for":
        return {
          kind: "for",
          initializer: statement.initializer && this.lower(statement.initializer),
          condition: statement.condition && this.#expressions.lower(statement.condition),
          update: statement.update && this.lower(statement.update),
          body: this.block(statement.body),
        };
      case "return":
        return { kind: "return", value: statement.value && this.#expressions.lower(statement.value) };
      default:
        return statement;
    }
  }

  #assign({ target: original, operator, value }: Statement & { kind: "assign" }): Statement {
    const target = this.#expressions.lower(original);
    const store = original.type.kind === "reference" ? original.type.store : original.type;
    if (operator === undefined || !isWide(store))
      return { kind: "assign", target, operator, value: this.#expressions.lower(value) };
    const combined = (place: Expression): Statement => {
      const type = place.type.kind === "reference" ? place.type.store : place.type;
      const loaded: Expression = { kind: "load", from: place, type, span: place.span };
      const result = this.#expressions.combine(operator, store, loaded, value, store);
      return { kind: "assign", target: place, operator: undefined, value: result };
    };
    const { span, type } = target;
    const calls = contains(target, (part) => part.kind === "call" || part.kind === "builtin");
    if (!calls || type.kind !== "reference") return combined(target);
    const address: Value = {
      kind: "let",
      name: this.#targetName,
      type: pointerTo(type.space, type.store, type.access),
      builtin: undefined,
      span,
    };
    const pointer: Expression = { kind: "value", value: address, type: address.type, span };
    return {
      kind: "block",
      statements: [
        {
          kind: "let",
          value: address,
          initializer: { kind: "addressOf", operand: target, type: address.type, span },
        },
        combined({ kind: "dereference", operand: pointer, type, span }),
      ],
    };
  }
}

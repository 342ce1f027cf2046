import { builtins } from "../../check/builtins.ts";
import { reachable } from "../../check/call-graph.ts";
import { evaluate } from "../../evaluate/evaluate.ts";
import type {
  EntryPoint,
  Expression,
  FunctionDefinition,
  Program,
  Statement,
  Value,
  Variable,
} from "../../ir.ts";
import { bool, f64, isWideInteger, type StructType, type Type } from "../../types.ts";
import { children } from "../../walk.ts";
import { expressionText, literal, type Spell, typeText } from "./expressions.ts";

export interface WgslOptions {
  /** Declares read-only storage read_write. */
  readonly promoteReads: boolean;
}

const predeclared =
  /^(bool|[iuf]32|f16|[iu]64|f64|vec[234][iufh]?|mat[234]x[234][fh]?|array|atomic|ptr|bitcast|texture_\w+|sampler\w*)$/;

/** Standard WGSL for entry points and what they call: constants folded, overrides fixed, every operator in parentheses. */
export function emitWgsl(
  program: Program,
  entries: readonly EntryPoint[],
  options: WgslOptions,
): { code: string; kernelNames: string[] } {
  const printer = new Printer(program, options);
  const code = printer.module(entries);
  return { code, kernelNames: entries.map((entry) => printer.spell(entry.function, entry.name)) };
}

class Printer {
  readonly #program: Program;
  readonly #promote: boolean;
  readonly #structs = new Map<StructType, string[]>();
  readonly #lines: string[] = [];

  constructor(program: Program, options: WgslOptions) {
    this.#program = program;
    this.#promote = options.promoteReads;
  }

  readonly spell: Spell = (_entity, name) => {
    if (!builtins.has(name) && !predeclared.test(name)) return name;
    let free = `${name}_`;
    while (this.#program.source.includes(free)) free += "_";
    return free;
  };

  module(entries: readonly EntryPoint[]): string {
    const functions = [...new Set(entries.flatMap((entry) => reachable(entry.function)))];
    for (const variable of this.#program.globals)
      if (entries.some((entry) => entry.function.globals.has(variable))) this.#global(variable);
    for (const override of this.#program.overrides) {
      if (override.data === undefined || override.type === f64 || isWideInteger(override.type)) continue;
      this.#lines.push(
        `const ${this.spell(override, override.name)}: ${this.#type(override.type)} = ${literal(override.type, override.data, this.spell)};`,
      );
    }
    for (const target of functions) {
      const entry = entries.find((item) => item.function === target);
      this.#function(target, entry);
    }
    const enables = [...this.#program.features].map((name) => `enable ${name};`);
    return [
      ...enables,
      ...(this.#program.features.has("subgroups") ? ["diagnostic(off, subgroup_uniformity);"] : []),
      ...[...this.#structs.values()].flat(),
      ...this.#lines,
      "",
    ].join("\n");
  }

  #type(type: Type): string {
    this.#collect(type);
    return typeText(type, this.spell, this.#promote);
  }

  #expression(expression: Expression): string {
    this.#collectAll(expression);
    return expressionText(expression, this.spell);
  }

  /** Structures are declared when a type that is printed mentions them. */
  #collect(type: Type): void {
    if (type.kind === "array") this.#collect(type.element);
    else if (type.kind === "pointer" || type.kind === "reference") this.#collect(type.store);
    else if (type.kind === "struct" && !type.builtin && !this.#structs.has(type)) {
      for (const member of type.members) this.#collect(member.type);
      this.#structs.set(type, this.#struct(type));
    }
  }

  #collectAll(expression: Expression): void {
    this.#collect(expression.type);
    for (const part of children(expression)) this.#collectAll(part);
  }

  #struct(type: StructType): string[] {
    const members = type.members.map((member) => {
      const attributes = [
        member.align === undefined ? "" : `@align(${member.align}) `,
        member.size === undefined ? "" : `@size(${member.size}) `,
        member.attributes.builtin === undefined ? "" : `@builtin(${member.attributes.builtin}) `,
      ].join("");
      return `  ${attributes}${member.name}: ${typeText(member.type, this.spell, this.#promote)},`;
    });
    return [`struct ${this.spell(type, type.name)} {`, ...members, "}"];
  }

  #global(variable: Variable): void {
    const at =
      variable.binding === undefined ? "" : `@group(${variable.group ?? 0}) @binding(${variable.binding}) `;
    const access = variable.space === "storage" ? `, ${this.#promote ? "read_write" : variable.access}` : "";
    const initializer =
      variable.initializer === undefined ? "" : ` = ${this.#expression(variable.initializer)}`;
    this.#lines.push(
      `${at}var<${variable.space}${access}> ${this.spell(variable, variable.name)}: ${this.#type(variable.type)}${initializer};`,
    );
  }

  #function(target: FunctionDefinition, entry: EntryPoint | undefined): void {
    const parameters = target.parameters.map((parameter) => this.#parameter(parameter)).join(", ");
    const result = target.returnType.kind === "void" ? "" : ` -> ${this.#type(target.returnType)}`;
    if (entry !== undefined) {
      const size = entry.workgroupSize.map((item) => Number(evaluate(item))).join(", ");
      this.#lines.push(`@compute @workgroup_size(${size})`);
    }
    this.#lines.push(`fn ${this.spell(target, target.name)}(${parameters})${result} {`);
    for (const statement of target.body.statements) this.#statement(statement, 1);
    this.#lines.push("}");
  }

  #parameter(parameter: Value): string {
    const builtin = parameter.builtin === undefined ? "" : `@builtin(${parameter.builtin}) `;
    return `${builtin}${this.spell(parameter, parameter.name)}: ${this.#type(parameter.type)}`;
  }

  #line(depth: number, text: string): void {
    this.#lines.push(`${"  ".repeat(depth)}${text}`);
  }

  #block(statements: readonly Statement[], depth: number): void {
    for (const statement of statements) this.#statement(statement, depth + 1);
  }

  #statement(statement: Statement, depth: number): void {
    switch (statement.kind) {
      case "block":
        this.#line(depth, "{");
        this.#block(statement.statements, depth);
        this.#line(depth, "}");
        return;
      case "if":
        this.#line(depth, `if ${this.#expression(statement.condition)} {`);
        this.#block(statement.consequent.statements, depth);
        if (statement.alternate !== undefined) {
          this.#line(depth, "} else {");
          this.#block(
            statement.alternate.kind === "block" ? statement.alternate.statements : [statement.alternate],
            depth,
          );
        }
        this.#line(depth, "}");
        return;
      case "switch":
        this.#line(depth, `switch ${this.#expression(statement.selector)} {`);
        for (const item of statement.cases) {
          const selectors = item.selectors.map((selector) =>
            selector === undefined ? "default" : this.#expression(selector),
          );
          this.#line(depth + 1, `case ${selectors.join(", ")}: {`);
          this.#block(item.body.statements, depth + 1);
          this.#line(depth + 1, "}");
        }
        this.#line(depth, "}");
        return;
      case "loop":
        this.#line(depth, "loop {");
        this.#block(statement.body.statements, depth);
        if (statement.continuing !== undefined) {
          this.#line(depth + 1, "continuing {");
          this.#block(statement.continuing.statements, depth + 1);
          if (statement.breakIf !== undefined)
            this.#line(depth + 2, `break if ${this.#expression(statement.breakIf)};`);
          this.#line(depth + 1, "}");
        }
        this.#line(depth, "}");
        return;
      case "for":
        this.#for(statement, depth);
        return;
      default:
        this.#line(depth, `${this.#simple(statement)};`);
    }
  }

  #for(statement: Statement & { kind: "for" }, depth: number): void {
    const { initializer, condition, update, body } = statement;
    if (initializer?.kind === "block" || update?.kind === "block") {
      this.#statement(spelledOut(statement), depth);
      return;
    }
    const header = [
      initializer === undefined ? "" : this.#simple(initializer),
      condition === undefined ? "" : this.#expression(condition),
      update === undefined ? "" : this.#simple(update),
    ];
    this.#line(depth, `for (${header.join("; ")}) {`);
    this.#block(body.statements, depth);
    this.#line(depth, "}");
  }

  #simple(statement: Statement): string {
    switch (statement.kind) {
      case "var": {
        const { variable } = statement;
        const initializer =
          variable.initializer === undefined ? "" : ` = ${this.#expression(variable.initializer)}`;
        const type =
          variable.type.kind === "struct" && variable.type.builtin ? "" : `: ${this.#type(variable.type)}`;
        return `var ${this.spell(variable, variable.name)}${type}${initializer}`;
      }
      case "let":
        return `let ${this.spell(statement.value, statement.value.name)} = ${this.#expression(statement.initializer)}`;
      case "assign":
        return `${this.#expression(statement.target)} ${statement.operator ?? ""}= ${this.#expression(statement.value)}`;
      case "evaluate": {
        const { expression } = statement;
        const isCall = expression.kind === "call" || expression.kind === "builtin";
        return isCall && expression.type.kind === "void"
          ? this.#expression(expression)
          : `_ = ${this.#expression(expression)}`;
      }
      case "return":
        return statement.value === undefined ? "return" : `return ${this.#expression(statement.value)}`;
      default:
        return statement.kind;
    }
  }
}

/** A `for` whose header takes several statements, as the loop that WGSL defines it to be: section 9.4.4. */
function spelledOut({ initializer, condition, update, body }: Statement & { kind: "for" }): Statement {
  const leave: Statement[] =
    condition === undefined
      ? []
      : [
          {
            kind: "if",
            condition: { kind: "unary", operator: "!", operand: condition, type: bool, span: condition.span },
            consequent: { kind: "block", statements: [{ kind: "break" }] },
            alternate: undefined,
          },
        ];
  return {
    kind: "block",
    statements: [
      ...(initializer === undefined ? [] : [initializer]),
      {
        kind: "loop",
        body: { kind: "block", statements: [...leave, body] },
        continuing: update && { kind: "block", statements: [update] },
        breakIf: undefined,
      },
    ],
  };
}

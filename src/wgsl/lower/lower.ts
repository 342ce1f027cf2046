import { reachable } from "../check/call-graph.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import {
  type EntryPoint,
  type Expression,
  emptyBlock,
  type FunctionDefinition,
  type Program,
  type Value,
  type Variable,
} from "../ir.ts";
import { strideOf } from "../layout.ts";
import type { Type } from "../types.ts";
import { visitExpressions } from "../walk.ts";
import { LoweredExpressions, type Renamed } from "./expressions.ts";
import { Helpers } from "./helpers.ts";
import { freePrefix } from "./library.ts";
import { LoweredStatements } from "./statements.ts";
import { containsWide, isWide, LoweredTypes } from "./types.ts";

/** The same program over `vec2<u32>` where it has 64-bit integers, exact bit for bit; itself where it has none. */
export function lowerWideIntegers(
  program: Program,
  entries: readonly EntryPoint[],
): { program: Program; entries: readonly EntryPoint[] } {
  const functions = [...new Set(entries.flatMap((entry) => reachable(entry.function)))];
  const globals = program.globals.filter((variable) =>
    functions.some((target) => target.globals.has(variable)),
  );
  if (!globals.some((variable) => containsWide(variable.type)) && !functions.some(usesWide))
    return { program, entries };
  const lowering = new Lowering(program, globals.some(needsStorage));
  const lowered = entries.map((entry) => ({ ...entry, function: lowering.function(entry.function) }));
  return {
    program: {
      ...program,
      overrides: program.overrides.filter((override) => !isWide(override.type)),
      globals: globals.map((variable) => lowering.variable(variable)),
      functions: functions.map((target) => lowering.function(target)),
      entryPoints: lowered,
    },
    entries: lowered,
  };
}

function usesWide({ parameters, returnType, body }: FunctionDefinition): boolean {
  let found = containsWide(returnType) || parameters.some((parameter) => containsWide(parameter.type));
  visitExpressions(body, (expression) => {
    found ||= containsWide(expression.type);
  });
  return found;
}

/** Uniform arrays have strides of 16 bytes, which the array that stands for a vector has not. */
function needsStorage({ space, type }: Variable): boolean {
  return space === "uniform" && holdsNarrowArray(type);
}

function holdsNarrowArray(type: Type): boolean {
  if (type.kind === "struct") return type.members.some((member) => holdsNarrowArray(member.type));
  if (type.kind === "array")
    return (containsWide(type) && strideOf(type.element) % 16 !== 0) || holdsNarrowArray(type.element);
  return type.kind === "vector" && isWide(type);
}

class Lowering implements Renamed {
  readonly #types: LoweredTypes;
  readonly #helpers: Helpers;
  readonly #expressions: LoweredExpressions;
  readonly #statements: LoweredStatements;
  readonly #variables = new Map<Variable, Variable>();
  readonly #values = new Map<Value, Value>();
  readonly #functions = new Map<FunctionDefinition, FunctionDefinition>();

  constructor(program: Program, uniformsAreStorage: boolean) {
    const prefix = freePrefix(program.source);
    this.#types = new LoweredTypes(prefix, uniformsAreStorage);
    this.#helpers = new Helpers(prefix);
    this.#expressions = new LoweredExpressions(this.#types, this.#helpers, this);
    this.#statements = new LoweredStatements(this.#expressions, this, `${prefix}target`);
  }

  variable(variable: Variable): Variable {
    let lowered = this.#variables.get(variable);
    if (lowered === undefined) {
      const { initializer, type } = variable;
      lowered = {
        ...variable,
        ...this.#types.memory(variable),
        type: this.#types.of(type),
        initializer: initializer && this.#initializer(variable, initializer),
      };
      this.#variables.set(variable, lowered);
    }
    return lowered;
  }

  /** At module scope there are no calls: the values of overrides are known by now. */
  #initializer({ space, type }: Variable, initializer: Expression): Expression {
    const data = space === "function" ? undefined : evaluate(initializer);
    return this.#expressions.lower(
      data === undefined ? initializer : { kind: "constant", type, data, span: initializer.span },
    );
  }

  value(value: Value): Value {
    let lowered = this.#values.get(value);
    if (lowered === undefined) {
      lowered = { ...value, type: this.#types.of(value.type) };
      this.#values.set(value, lowered);
    }
    return lowered;
  }

  function(target: FunctionDefinition): FunctionDefinition {
    const known = this.#functions.get(target);
    if (known !== undefined) return known;
    const lowered: FunctionDefinition = {
      ...target,
      parameters: target.parameters.map((parameter) => this.value(parameter)),
      returnType: this.#types.of(target.returnType),
      body: emptyBlock,
      globals: new Set([...target.globals].map((variable) => this.variable(variable))),
      calls: new Set(),
    };
    this.#functions.set(target, lowered);
    const { result, calls } = this.#helpers.collect(() => this.#statements.block(target.body));
    lowered.body = result;
    for (const callee of target.calls) lowered.calls.add(this.function(callee));
    for (const helper of calls) lowered.calls.add(helper);
    return lowered;
  }
}

import type { Span } from "../diagnostics.ts";
import type { Expression, FunctionDefinition, Value } from "../ir.ts";
import { type Type, typeKey } from "../types.ts";
import { libraryFunction } from "./library.ts";

const nowhere: Span = { start: 0, end: 0 };

/** Calls of the library and of functions made for one program, noting who calls whom. */
export class Helpers {
  readonly prefix: string;
  readonly #made = new Map<string, FunctionDefinition>();
  #calls = new Set<FunctionDefinition>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Runs `work` and returns the functions that were called in what it made. */
  collect<T>(work: () => T): { result: T; calls: Set<FunctionDefinition> } {
    const outer = this.#calls;
    this.#calls = new Set();
    const result = work();
    const calls = this.#calls;
    this.#calls = outer;
    return { result, calls };
  }

  /** A call of a library function. */
  call(name: string, ...args: readonly Expression[]): Expression {
    return this.#calling(libraryFunction(this.prefix, name), args);
  }

  /** A call of a function that returns what `body` makes of its parameters, so that arguments are computed once and in order. */
  apply<const Args extends readonly Expression[]>(
    name: string,
    args: Args,
    body: (parameters: Args) => Expression,
  ): Expression {
    const key = `${name} ${args.map((arg) => typeKey(arg.type)).join()}`;
    let target = this.#made.get(key);
    if (target === undefined) {
      target = this.#define(
        `${this.prefix}${name}`,
        args.map((arg) => arg.type),
        (parameters) => body(parameters as readonly Expression[] as Args),
      );
      this.#made.set(key, target);
    }
    return this.#calling(target, args);
  }

  #calling(target: FunctionDefinition, args: readonly Expression[]): Expression {
    this.#calls.add(target);
    return { kind: "call", function: target, args, type: target.returnType, span: args[0]?.span ?? nowhere };
  }

  #define(
    name: string,
    types: readonly Type[],
    body: (parameters: readonly Expression[]) => Expression,
  ): FunctionDefinition {
    const parameters = types.map(
      (type, index): Value => ({
        kind: "parameter",
        name: "abcdefghijklmnop".charAt(index),
        type,
        builtin: undefined,
        span: nowhere,
      }),
    );
    const { result, calls } = this.collect(() =>
      body(parameters.map((value) => ({ kind: "value", value, type: value.type, span: nowhere }))),
    );
    return {
      name,
      parameters,
      returnType: result.type,
      body: { kind: "block", statements: [{ kind: "return", value: result }] },
      globals: new Set(),
      overrides: new Set(),
      calls,
      builtins: new Set(),
      impure: false,
      stage: undefined,
      span: nowhere,
    };
  }
}

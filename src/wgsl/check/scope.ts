import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import type { Expression as AstExpression } from "../ast.ts";
import { type KernelError, KernelError as MakeError, type Span } from "../diagnostics.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import { convert, zero } from "../evaluate/value.ts";
import type { Constant, Expression, FunctionDefinition, Override, Value, Variable } from "../ir.ts";
import {
  concretize,
  convertible,
  isAbstract,
  isConstructible,
  sameType,
  type Type,
  typeName,
} from "../types.ts";
import { children, contains } from "../walk.ts";

/** What a name in scope stands for. */
export type Entity =
  | { readonly kind: "type"; readonly type: Type }
  | { readonly kind: "constant"; readonly constant: Constant }
  | { readonly kind: "override"; readonly override: Override }
  | { readonly kind: "variable"; readonly variable: Variable }
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "function"; readonly function: FunctionDefinition; readonly mustUse: boolean };

/** What every scope of one module shares. */
export interface ModuleContext {
  readonly source: string;
  readonly features: ReadonlySet<string>;
  readonly lookup: (name: string, span: Span) => Entity | undefined;
  readonly names: () => Iterable<string>;
  readonly checkExpression: (scope: Scope, expression: AstExpression) => Expression;
}

/** Names visible at one place: a chain of blocks, then the module. Expressions are checked through their scope. */
export class Scope {
  /** The function whose body is being checked; `undefined` at module scope. */
  readonly function: FunctionDefinition | undefined;
  readonly #module: ModuleContext;
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Entity>();
  #evaluates = true;

  constructor(module: ModuleContext, within?: FunctionDefinition, parent?: Scope) {
    this.#module = module;
    this.function = within;
    this.#parent = parent;
    this.#evaluates = parent?.evaluates ?? true;
  }

  /** Every name visible here, for suggestions. */
  visible(): string[] {
    return [...this.#names.keys(), ...(this.#parent?.visible() ?? this.#module.names())];
  }

  get source(): string {
    return this.#module.source;
  }

  get features(): ReadonlySet<string> {
    return this.#module.features;
  }

  /** An expression that may be a reference; constants are folded. */
  expression(ast: AstExpression): Expression {
    return this.fold(this.#module.checkExpression(this, ast));
  }

  /** An expression as a value: references are loaded. */
  value(ast: AstExpression): Expression {
    const value = this.load(this.expression(ast));
    if (value.type.kind === "void") throw this.error(ast.span, "this call gives no value");
    return value;
  }

  /** A value that is no longer abstract: what `var` and `let` hold. */
  concrete(ast: AstExpression): Expression {
    const value = this.value(ast);
    return this.convert(value, concretize(value.type)) ?? value;
  }

  get evaluates(): boolean {
    return this.#evaluates;
  }

  inner(within = this.function): Scope {
    return new Scope(this.#module, within, this);
  }

  declare(name: string, span: Span, entity: Entity): void {
    if (this.#names.has(name))
      throw this.error(span, `'${name}' is already declared in this block`, "Choose another name.");
    this.#names.set(name, entity);
  }

  lookup(name: string, span: Span): Entity | undefined {
    return (
      this.#names.get(name) ??
      this.#parent?.lookup(name, span) ??
      (this.#parent ? undefined : this.#module.lookup(name, span))
    );
  }

  error(span: Span, problem: string, hint?: string): KernelError {
    return new MakeError(this.source, span, problem, hint);
  }

  /** A hint towards the name that was meant. */
  meant(name: string, candidates: readonly string[] = []): string | undefined {
    return didYouMean(name, [...this.visible(), ...candidates]);
  }

  unsupported(span: Span, problem: string, hint?: string): KernelError {
    return new MakeError(this.source, span, problem, hint, "UNSUPPORTED");
  }

  text(expression: AstExpression): string {
    return this.source.slice(expression.span.start, expression.span.end);
  }

  /** Runs constant arithmetic and gives its complaints a place. */
  at<T>(span: Span, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof MakeError || !(error instanceof AikoError) || error.code !== "INVALID_KERNEL")
        throw error;
      throw this.error(span, error.message);
    }
  }

  /** The same scope for what is never evaluated: constants keep their types, their values and errors do not matter. */
  unevaluated(): Scope {
    const scope = this.inner();
    scope.#evaluates = false;
    return scope;
  }

  /** Replaces an expression by its value where all of it is constant. */
  fold(expression: Expression): Expression {
    if (expression.kind === "constant" || mentionsOverride(expression)) return expression;
    if (!this.#evaluates && isStatic(expression)) {
      return { kind: "constant", type: expression.type, span: expression.span, data: zero(expression.type) };
    }
    const data = this.at(expression.span, () => evaluate(expression));
    return data === undefined
      ? expression
      : { kind: "constant", type: expression.type, span: expression.span, data };
  }

  /** The automatic conversions: an abstract constant becomes `type`. Undefined where there is none. */
  convert(expression: Expression, type: Type): Expression | undefined {
    if (sameType(expression.type, type)) return expression;
    if (expression.kind !== "constant" || !convertible(expression.type, type)) return undefined;
    const data = this.at(expression.span, () => convert(expression.data, expression.type, type));
    return { ...expression, type, data };
  }

  /** `convert`, with an error that says what was needed. */
  expect(expression: Expression, type: Type, what: string): Expression {
    const converted = this.convert(expression, type);
    if (converted !== undefined) return converted;
    const hint = isAbstract(type) || type.kind !== "scalar" ? undefined : `Convert it: ${typeName(type)}(…).`;
    throw this.error(
      expression.span,
      `${what} must be ${typeName(type)}, found ${typeName(expression.type)}`,
      hint,
    );
  }

  /** The load rule: where a value is needed, a reference is read. */
  load(expression: Expression): Expression {
    if (expression.type.kind !== "reference") return expression;
    const { store, access } = expression.type;
    if (access === "write") throw this.error(expression.span, "this memory is write-only");
    if (store.kind === "atomic") {
      throw this.error(expression.span, "an atomic is read with atomicLoad", "Write atomicLoad(&name).");
    }
    if (!isConstructible(store))
      throw this.error(expression.span, `a ${typeName(store)} cannot be read as one value`);
    return { kind: "load", from: expression, type: store, span: expression.span };
  }
}

export function didYouMean(name: string, candidates: readonly string[]): string | undefined {
  const close = suggest(name, candidates);
  return close === undefined ? undefined : `Did you mean '${close}'?`;
}

export function mentionsOverride(expression: Expression): boolean {
  return contains(expression, (part) => part.kind === "override");
}

/** Constant or override expression: its value is known before the kernel runs. */
export function isStatic(expression: Expression): boolean {
  const leaf = children(expression).length === 0;
  if (leaf)
    return (
      expression.kind === "constant" || expression.kind === "override" || expression.kind === "construct"
    );
  return expression.kind !== "call" && expression.kind !== "load" && children(expression).every(isStatic);
}

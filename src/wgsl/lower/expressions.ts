import { evaluate } from "../evaluate/evaluate.ts";
import type { Expression, FunctionDefinition, Value, Variable } from "../ir.ts";
import { elementScalar, type Type, type VectorType } from "../types.ts";
import { binary, bitcast, component, constant, construct, label, part } from "./build.ts";
import type { Helpers } from "./helpers.ts";
import { lowerBinary, lowerBuiltin, lowerConversion, lowerUnary, operatorNames } from "./operators.ts";
import { isWide, type LoweredTypes, pair } from "./types.ts";

/** What became of the names of a program. */
export interface Renamed {
  readonly variable: (variable: Variable) => Variable;
  readonly value: (value: Value) => Value;
  readonly function: (target: FunctionDefinition) => FunctionDefinition;
}

const longestChain = 15;
const chained: ReadonlySet<string> = new Set(["+", "-", "*"]);

type Of<Kind extends Expression["kind"]> = Expression & { kind: Kind };

/** Expressions stay expressions: what takes several steps is a call, so that nothing moves and all is computed once. */
export class LoweredExpressions {
  readonly #types: LoweredTypes;
  readonly #helpers: Helpers;
  readonly #renamed: Renamed;

  constructor(types: LoweredTypes, helpers: Helpers, renamed: Renamed) {
    this.#types = types;
    this.#helpers = helpers;
    this.#renamed = renamed;
  }

  lower(expression: Expression): Expression {
    const type = this.#types.of(expression.type);
    switch (expression.kind) {
      case "constant":
        return { ...expression, type, data: this.#types.data(expression.type, expression.data) };
      case "override": {
        const data = isWide(expression.type) ? evaluate(expression) : undefined;
        return data === undefined
          ? expression
          : constant(type, this.#types.data(expression.type, data), expression);
      }
      case "variable":
        return { ...expression, type, variable: this.#renamed.variable(expression.variable) };
      case "value":
        return { ...expression, type, value: this.#renamed.value(expression.value) };
      case "load":
        return { ...expression, type, from: this.lower(expression.from) };
      case "addressOf":
      case "dereference":
        return { ...expression, type, operand: this.lower(expression.operand) };
      case "index":
        return this.#index(expression, type);
      case "member": {
        const struct = this.#types.struct(expression.struct);
        return { ...expression, type, struct, base: this.lower(expression.base) };
      }
      case "swizzle":
        return this.#swizzle(expression);
      case "unary":
        return this.#unary(expression);
      case "binary": {
        const { operator, left, right } = expression;
        return (
          this.#chain(expression) ??
          this.combine(operator, left.type, this.lower(left), right, expression.type)
        );
      }
      case "convert":
        return this.#convert(expression);
      case "bitcast":
        return this.#bitcast(expression, type);
      case "construct":
        return this.#construct(expression, type);
      case "call":
        return {
          ...expression,
          type,
          function: this.#renamed.function(expression.function),
          args: this.#all(expression.args),
        };
      case "builtin":
        return this.#builtin(expression, type);
    }
  }

  /** `left operator right`, where the left side, of type `original`, is lowered already. */
  combine(
    operator: Of<"binary">["operator"],
    original: Type,
    left: Expression,
    right: Expression,
    result: Type,
  ): Expression {
    const args = [left, this.lower(right)] as const;
    const scalar = elementScalar(original);
    if (scalar === undefined || !isWide(scalar)) return binary(operator, ...args, result);
    return this.#componentwise(operatorNames[operator], [original, right.type], args, result, (parts) =>
      lowerBinary(this.#helpers, operator, scalar, ...parts),
    );
  }

  /** Long sums are taken several terms a call: Dawn's parser goes 128 calls deep. */
  #chain(last: Of<"binary">): Expression | undefined {
    if (last.type.kind !== "scalar" || !isWide(last.type)) return undefined;
    const links = [last];
    let first = last.left;
    while (links.length < longestChain && first.kind === "binary" && chained.has(first.operator)) {
      links.unshift(first);
      first = first.left;
    }
    if (links.length < longestChain || !chained.has(last.operator)) return undefined;
    const names = links.map((link) => operatorNames[link.operator]);
    const args = [first, ...links.map((link) => link.right)].map((arg) => this.lower(arg));
    return this.#apply(["chain", ...names].join("_"), [], args, ([start, ...rest]) =>
      rest.reduce((sum, term, at) => this.#helpers.call(names[at] ?? "add", sum, term), start ?? last),
    );
  }

  #all(expressions: readonly Expression[]): Expression[] {
    return expressions.map((item) => this.lower(item));
  }

  /** Scalars as they are; vectors through a function that takes them apart. */
  #componentwise<const Args extends readonly [Expression, ...Expression[]]>(
    name: string,
    originals: readonly Type[],
    args: Args,
    result: Type,
    combine: (parts: Args) => Expression,
  ): Expression {
    if (result.kind !== "vector") return combine(args);
    return this.#apply(name, originals, args, (parameters) => {
      const parts = (at: number) =>
        parameters.map((parameter, index) => part(parameter, originals[index] ?? result, at));
      return this.#vector(result, parameters[0], (at) => combine(parts(at) as readonly Expression[] as Args));
    });
  }

  #apply<const Args extends readonly Expression[]>(
    name: string,
    originals: readonly Type[],
    args: Args,
    body: (parameters: Args) => Expression,
  ): Expression {
    return this.#helpers.apply([name, ...originals.map(label)].join("_"), args, body);
  }

  #vector(type: VectorType, like: Expression, item: (at: number) => Expression): Expression {
    const items = Array.from({ length: type.size }, (_, at) => item(at));
    return construct(this.#types.of(type), items, like);
  }

  #index(expression: Of<"index">, type: Type): Expression {
    const { base, span } = expression;
    const whole = base.type.kind === "reference" ? base.type.store : base.type;
    const lowered = { ...expression, base: this.lower(base), index: this.lower(expression.index) };
    const struct = whole.kind === "array" ? this.#types.padding(whole) : undefined;
    if (struct === undefined) return { ...lowered, type };
    const padded = type.kind === "reference" ? { ...type, store: struct } : struct;
    return { kind: "member", base: { ...lowered, type: padded }, struct, member: 0, type, span };
  }

  #swizzle(expression: Of<"swizzle">): Expression {
    const { base, components, type } = expression;
    const lowered = this.lower(base);
    if (!isWide(type) || type.kind !== "vector") return { ...expression, base: lowered };
    const name = `swizzle_${components.map((at) => "xyzw".charAt(at)).join("")}`;
    return this.#apply(name, [base.type], [lowered], ([vector]) =>
      this.#vector(type, vector, (at) => component(vector, components[at] ?? 0, pair)),
    );
  }

  #unary(expression: Of<"unary">): Expression {
    const { operator, operand, type } = expression;
    const lowered = this.lower(operand);
    if (!isWide(type)) return { ...expression, operand: lowered };
    const name = operator === "-" ? "negate" : "complement";
    return this.#componentwise(name, [operand.type], [lowered], type, ([value]) =>
      lowerUnary(this.#helpers, operator, value),
    );
  }

  #convert(expression: Of<"convert">): Expression {
    const { operand, type } = expression;
    const lowered = this.lower(operand);
    const from = elementScalar(operand.type);
    const to = elementScalar(type);
    if (from === undefined || to === undefined || (!isWide(from) && !isWide(to)))
      return { ...expression, operand: lowered };
    return this.#componentwise(`${to.name}_from`, [operand.type], [lowered], type, ([value]) =>
      lowerConversion(this.#helpers, from, to, value),
    );
  }

  #bitcast({ operand, type: original }: Of<"bitcast">, type: Type): Expression {
    const lowered = this.lower(operand);
    return isWide(operand.type) && isWide(original) ? lowered : bitcast(type, lowered);
  }

  #construct(expression: Of<"construct">, type: Type): Expression {
    const args = this.#all(expression.args);
    const { type: original } = expression;
    const struct = this.#types.padding(original);
    if (original.kind === "array" && struct !== undefined)
      return { ...expression, type, args: args.map((arg) => construct(struct, [arg], arg)) };
    const [only] = args;
    const isWhole = args.length === 0 || (args.every((arg) => arg.type === pair) && args.length > 1);
    if (original.kind !== "vector" || !isWide(original) || isWhole || only === undefined)
      return { ...expression, type, args };
    const types = expression.args.map((arg) => arg.type);
    if (args.length === 1)
      return this.#apply(`splat${original.size}`, types, [only], ([value]) =>
        this.#vector(original, value, () => value),
      );
    return this.#apply("join", types, args, (parameters) =>
      construct(
        type,
        parameters.flatMap((parameter, index) => {
          const given = types[index];
          return given?.kind === "vector"
            ? Array.from({ length: given.size }, (_, at) => component(parameter, at, pair))
            : [parameter];
        }),
        expression,
      ),
    );
  }

  #builtin(expression: Of<"builtin">, type: Type): Expression {
    const { name, type: result } = expression;
    const [first, ...rest] = this.#all(expression.args);
    const originals = expression.args.map((arg) => arg.type);
    const [original] = originals;
    const scalar = original === undefined ? undefined : elementScalar(original);
    if (first === undefined || scalar === undefined || !isWide(scalar))
      return { ...expression, type, args: first === undefined ? [] : [first, ...rest] };
    const args = [first, ...rest] as const;
    if (name === "dot") return this.#dot(originals, args);
    return this.#componentwise(name, originals, args, result, (parts) =>
      lowerBuiltin(this.#helpers, name, scalar, parts),
    );
  }

  #dot([original, ...rest]: readonly Type[], args: readonly Expression[]): Expression {
    return this.#apply("dot", rest, args, (parameters) => {
      const products = Array.from({ length: original?.kind === "vector" ? original.size : 0 }, (_, at) =>
        this.#helpers.call("multiply", ...parameters.map((parameter) => component(parameter, at, pair))),
      );
      return products.reduce((sum, product) => this.#helpers.call("add", sum, product));
    });
  }
}

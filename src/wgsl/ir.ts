import type { BinaryOperator, UnaryOperator } from "./ast.ts";
import type { Span } from "./diagnostics.ts";
import type { Data } from "./evaluate/value.ts";
import type { AccessMode, AddressSpace, StructType, Type } from "./types.ts";

/**
 * The checked program: names are resolved to objects, every expression has a type, constants are folded, memory is
 * read by explicit loads. Emitters read this and nothing else.
 */
export interface Program {
  readonly source: string;
  readonly features: ReadonlySet<string>;
  readonly overrides: readonly Override[];
  readonly globals: readonly Variable[];
  readonly functions: readonly FunctionDefinition[];
  readonly entryPoints: readonly EntryPoint[];
}

export interface Override {
  readonly name: string;
  readonly id: number | undefined;
  readonly type: Type;
  readonly initializer: Expression | undefined;
  /** Set once the values of a translation are known. */
  data: Data | undefined;
  readonly span: Span;
}

/** A `var` at module or function scope. */
export interface Variable {
  readonly kind: "var";
  readonly name: string;
  readonly space: AddressSpace;
  readonly access: AccessMode;
  readonly type: Type;
  readonly group: number | undefined;
  readonly binding: number | undefined;
  initializer: Expression | undefined;
  readonly span: Span;
}

/** A `let` or a function parameter: a name for a value. */
export interface Value {
  readonly kind: "let" | "parameter";
  readonly name: string;
  readonly type: Type;
  readonly builtin: string | undefined;
  readonly span: Span;
}

export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly Value[];
  readonly returnType: Type;
  body: Block;
  /** Module-scope variables used here or in a function called from here. */
  readonly globals: Set<Variable>;
  readonly overrides: Set<Override>;
  readonly calls: Set<FunctionDefinition>;
  /** Built-in functions used here, by name. */
  readonly builtins: Set<string>;
  /** True when a call may write memory that the caller can see, or synchronises. */
  impure: boolean;
  readonly stage: "compute" | "vertex" | "fragment" | undefined;
  readonly span: Span;
}

export interface EntryPoint {
  readonly name: string;
  readonly function: FunctionDefinition;
  readonly workgroupSize: readonly Expression[];
}

interface Typed {
  readonly type: Type;
  readonly span: Span;
}

export interface Constant extends Typed {
  readonly kind: "constant";
  readonly data: Data;
}

export type Expression =
  | Constant
  | (Typed & { readonly kind: "override"; readonly override: Override })
  /** Names the variable's memory: a reference. */
  | (Typed & { readonly kind: "variable"; readonly variable: Variable })
  | (Typed & { readonly kind: "value"; readonly value: Value })
  | (Typed & { readonly kind: "load"; readonly from: Expression })
  | (Typed & { readonly kind: "addressOf"; readonly operand: Expression })
  | (Typed & { readonly kind: "dereference"; readonly operand: Expression })
  /** Of a reference or of a value; then the result is one, too. */
  | (Typed & { readonly kind: "index"; readonly base: Expression; readonly index: Expression })
  | (Typed & {
      readonly kind: "member";
      readonly base: Expression;
      readonly struct: StructType;
      readonly member: number;
    })
  | (Typed & { readonly kind: "swizzle"; readonly base: Expression; readonly components: readonly number[] })
  | (Typed & { readonly kind: "unary"; readonly operator: UnaryOperator; readonly operand: Expression })
  | (Typed & {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  /** Scalar or vector conversion by value, `f32(x)`. */
  | (Typed & { readonly kind: "convert"; readonly operand: Expression })
  | (Typed & { readonly kind: "bitcast"; readonly operand: Expression })
  /** A vector, matrix, array or structure from its parts, or the zero value without any. */
  | (Typed & { readonly kind: "construct"; readonly args: readonly Expression[] })
  | (Typed & {
      readonly kind: "call";
      readonly function: FunctionDefinition;
      readonly args: readonly Expression[];
    })
  | (Typed & { readonly kind: "builtin"; readonly name: string; readonly args: readonly Expression[] });

export interface Block {
  readonly kind: "block";
  readonly statements: readonly Statement[];
}

export interface Case {
  /** `undefined` stands for `default`. */
  readonly selectors: readonly (Constant | undefined)[];
  readonly body: Block;
}

export type Statement =
  | Block
  | { readonly kind: "var"; readonly variable: Variable }
  | { readonly kind: "let"; readonly value: Value; readonly initializer: Expression }
  /** `target` is a reference; with an operator it reads, combines and writes. */
  | {
      readonly kind: "assign";
      readonly target: Expression;
      readonly operator: BinaryOperator | undefined;
      readonly value: Expression;
    }
  /** Evaluates and drops: a call statement or `_ = e`. */
  | { readonly kind: "evaluate"; readonly expression: Expression }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly consequent: Block;
      readonly alternate: Statement | undefined;
    }
  | { readonly kind: "switch"; readonly selector: Expression; readonly cases: readonly Case[] }
  | {
      readonly kind: "loop";
      readonly body: Block;
      readonly continuing: Block | undefined;
      readonly breakIf: Expression | undefined;
    }
  | {
      readonly kind: "for";
      readonly initializer: Statement | undefined;
      readonly condition: Expression | undefined;
      readonly update: Statement | undefined;
      readonly body: Block;
    }
  | { readonly kind: "break" }
  | { readonly kind: "continue" }
  | { readonly kind: "return"; readonly value: Expression | undefined };

export const emptyBlock: Block = { kind: "block", statements: [] };

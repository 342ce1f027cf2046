import type { Span } from "./diagnostics.ts";

export type UnaryOperator = "-" | "!" | "~";
export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "&&"
  | "||";

/** A name with optional template arguments: a value, a type, or a function, decided by the checker. */
export interface Identifier {
  readonly kind: "identifier";
  readonly name: string;
  readonly template: readonly Expression[] | undefined;
  readonly span: Span;
}

export type Expression =
  | Identifier
  | { readonly kind: "literal"; readonly text: string; readonly span: Span }
  | {
      readonly kind: "call";
      readonly callee: Identifier;
      readonly args: readonly Expression[];
      readonly span: Span;
    }
  | { readonly kind: "index"; readonly base: Expression; readonly index: Expression; readonly span: Span }
  | {
      readonly kind: "member";
      readonly base: Expression;
      readonly name: string;
      readonly nameSpan: Span;
      readonly span: Span;
    }
  | {
      readonly kind: "unary";
      readonly operator: UnaryOperator;
      readonly operand: Expression;
      readonly span: Span;
    }
  | { readonly kind: "addressOf"; readonly operand: Expression; readonly span: Span }
  | { readonly kind: "dereference"; readonly operand: Expression; readonly span: Span }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly operatorSpan: Span;
      readonly span: Span;
    };

export interface Attribute {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly span: Span;
}

interface Declared {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
}

export interface VariableDeclaration extends Declared {
  readonly kind: "variable";
  readonly form: "var" | "let" | "const" | "override";
  readonly attributes: readonly Attribute[];
  /** `var<storage, read_write>`: the words between the brackets. */
  readonly template: readonly Expression[] | undefined;
  readonly type: Identifier | undefined;
  readonly initializer: Expression | undefined;
}

export interface Parameter extends Declared {
  readonly attributes: readonly Attribute[];
  readonly type: Identifier;
}

export interface FunctionDeclaration extends Declared {
  readonly kind: "function";
  readonly attributes: readonly Attribute[];
  readonly parameters: readonly Parameter[];
  readonly returnType: Identifier | undefined;
  readonly returnAttributes: readonly Attribute[];
  readonly body: Block;
}

export interface StructDeclaration extends Declared {
  readonly kind: "struct";
  readonly members: readonly Parameter[];
}

export interface AliasDeclaration extends Declared {
  readonly kind: "alias";
  readonly type: Identifier;
}

export interface AssertDeclaration {
  readonly kind: "assert";
  readonly condition: Expression;
  readonly span: Span;
}

export type NamedDeclaration =
  | VariableDeclaration
  | FunctionDeclaration
  | StructDeclaration
  | AliasDeclaration;
export type Declaration = NamedDeclaration | AssertDeclaration;

export interface Directive {
  readonly kind: "enable" | "requires" | "diagnostic";
  readonly names: readonly string[];
  readonly span: Span;
}

export interface Block {
  readonly kind: "block";
  readonly statements: readonly Statement[];
  readonly span: Span;
}

export interface SwitchCase {
  /** `undefined` stands for `default`. */
  readonly selectors: readonly (Expression | undefined)[];
  readonly body: Block;
  readonly span: Span;
}

export type Statement =
  | Block
  | VariableDeclaration
  | AssertDeclaration
  | {
      readonly kind: "assign";
      readonly target: Expression | undefined;
      readonly operator: BinaryOperator | undefined;
      readonly value: Expression;
      readonly span: Span;
    }
  | { readonly kind: "step"; readonly target: Expression; readonly operator: "+" | "-"; readonly span: Span }
  | { readonly kind: "callStatement"; readonly call: Expression & { kind: "call" }; readonly span: Span }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly consequent: Block;
      readonly alternate: Statement | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "switch";
      readonly selector: Expression;
      readonly cases: readonly SwitchCase[];
      readonly span: Span;
    }
  | {
      readonly kind: "loop";
      readonly body: Block;
      readonly continuing: Block | undefined;
      readonly breakIf: Expression | undefined;
      readonly span: Span;
    }
  | { readonly kind: "while"; readonly condition: Expression; readonly body: Block; readonly span: Span }
  | {
      readonly kind: "for";
      readonly initializer: Statement | undefined;
      readonly condition: Expression | undefined;
      readonly update: Statement | undefined;
      readonly body: Block;
      readonly span: Span;
    }
  | { readonly kind: "break"; readonly span: Span }
  | { readonly kind: "continue"; readonly span: Span }
  | { readonly kind: "return"; readonly value: Expression | undefined; readonly span: Span };

export interface Module {
  readonly source: string;
  readonly directives: readonly Directive[];
  readonly declarations: readonly Declaration[];
}

import { AikoError } from "../../../errors.ts";
import type { Data } from "../../evaluate/value.ts";
import type { Expression, FunctionDefinition, Value, Variable } from "../../ir.ts";
import { hasRuntimeArray, type StructType, type Type, typeKey } from "../../types.ts";
import { children } from "../../walk.ts";
import type { Dialect } from "./dialect.ts";
import { Helpers } from "./helpers.ts";
import { initializer } from "./literals.ts";
import { Matrices } from "./matrices.ts";
import { mangle, Names } from "./names.ts";
import { CTypes } from "./types.ts";

export interface EmitOptions {
  readonly unchecked: boolean;
  readonly contract: boolean;
  readonly watchdog: boolean;
}

/** What all functions of one translation share. */
export class Unit {
  readonly dialect: Dialect;
  readonly options: EmitOptions;
  readonly emitExpression: (writer: Writer, expression: Expression) => string;
  readonly names = new Names();
  readonly types: CTypes;
  readonly helpers: Helpers;
  readonly matrices: Matrices;
  readonly constants: string[] = [];
  /** Functions that poll the watchdog, themselves or through a call. */
  readonly polling = new Set<FunctionDefinition>();
  readonly #constantNames = new Map<string, string>();

  constructor(
    dialect: Dialect,
    options: EmitOptions,
    emitExpression: (writer: Writer, expression: Expression) => string,
  ) {
    this.dialect = dialect;
    this.options = options;
    this.emitExpression = emitExpression;
    this.types = new CTypes(dialect, (type) => this.#structName(type), mangle);
    this.helpers = new Helpers(this.types);
    this.matrices = new Matrices(this.types, this.helpers);
  }

  #structName(type: StructType): string {
    return type.builtin ? type.name.replace(/^_+/, "") : this.names.of(type, type.name);
  }

  /** A constant too large for an expression becomes program-scope memory. */
  constant(type: Type, data: Data): string {
    const key = `${typeKey(type)}=${JSON.stringify(data, (_, item) => (typeof item === "bigint" ? `${item}n` : item))}`;
    let name = this.#constantNames.get(key);
    if (name === undefined) {
      name = `constant${this.#constantNames.size}`;
      this.#constantNames.set(key, name);
      this.constants.push(
        this.dialect.constant(this.types.memory(type), name, initializer(this.types, type, data)),
      );
    }
    return name;
  }
}

/** The text of one function in the making: names, statements so far, temporaries. */
export class Writer {
  readonly unit: Unit;
  readonly function: FunctionDefinition;
  readonly names: Names;
  /** In a kernel, module variables are locals; in functions they come as pointers. */
  readonly pointerRoots = new Map<Value, Expression>();
  /** Whether a `goto` leads past the statements being written, in a language that minds. */
  passedByJumps = false;
  #lines: string[] = [];
  #labels = 0;

  constructor(unit: Unit, target: FunctionDefinition) {
    this.unit = unit;
    this.function = target;
    this.names = unit.names.inner();
  }

  get dialect(): Dialect {
    return this.unit.dialect;
  }

  get types(): CTypes {
    return this.unit.types;
  }

  get helpers(): Helpers {
    return this.unit.helpers;
  }

  get matrices(): Matrices {
    return this.unit.matrices;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** Runs `work` and returns the lines it wrote instead of keeping them. */
  capture(work: () => void): string[] {
    const outer = this.#lines;
    this.#lines = [];
    work();
    const made = this.#lines;
    this.#lines = outer;
    return made;
  }

  lines(texts: readonly string[]): void {
    this.#lines.push(...texts);
  }

  /** A new variable, in a form that a jump may pass where one does. */
  declare(type: string, name: string, initializer: string): void {
    if (!this.passedByJumps) this.line(`${type} ${name} = ${initializer};`);
    else this.lines([`${type} ${name};`, `${name} = ${initializer};`]);
  }

  /** Keeps a value in a new variable, so that it is computed here and once. */
  spill(type: Type, text: string): string {
    const name = this.names.temporary();
    this.declare(this.types.value(type), name, text);
    return name;
  }

  label(): string {
    return `next${++this.#labels}`;
  }

  name(entity: Variable | Value): string {
    return this.names.of(entity, entity.name);
  }

  /** A WGSL value as a C expression; statements it needs first are written now. */
  value(expression: Expression): string {
    return this.unit.emitExpression(this, expression);
  }

  /** Operands in WGSL's order: left to right, also where C would leave it open. */
  operands(list: readonly Expression[]): string[] {
    const lastImpure = list.findLastIndex(isImpure);
    return list.map((expression, position) => {
      const text = this.value(expression);
      const settled = expression.kind === "constant" || expression.kind === "value" || /^t\d+$/.test(text);
      return position < lastImpure && !settled ? this.spill(expression.type, text) : text;
    });
  }

  /** The number of elements in the runtime-sized array that this pointer or reference leads to. */
  count(expression: Expression): string {
    switch (expression.kind) {
      case "variable":
        return `${this.name(expression.variable)}count`;
      case "value": {
        const root = this.pointerRoots.get(expression.value);
        return root === undefined ? `${this.name(expression.value)}count` : this.count(root);
      }
      case "addressOf":
      case "dereference":
        return this.count(expression.operand);
      case "member":
      case "index":
        return this.count(expression.base);
      default:
        throw new AikoError("INTERNAL", { message: `no length is known for ${expression.kind}` });
    }
  }
}

export type BuiltinCall = Expression & { kind: "builtin" };

export function needsCount(type: Type): boolean {
  return hasRuntimeArray(type);
}

const impure = new WeakMap<Expression, boolean>();

/** Whether evaluating this changes memory or synchronises, so that its place in the order matters. */
export function isImpure(expression: Expression): boolean {
  let known = impure.get(expression);
  if (known === undefined) {
    known = hasEffect(expression) || children(expression).some(isImpure);
    impure.set(expression, known);
  }
  return known;
}

function hasEffect(expression: Expression): boolean {
  if (expression.kind === "call") return expression.function.impure;
  return (
    expression.kind === "builtin" &&
    (expression.name.startsWith("atomic") || expression.name === "workgroupUniformLoad")
  );
}

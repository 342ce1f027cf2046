import {
  constantText,
  constantWords,
  type Expression,
  functionsText,
  nodesOf,
  partsOf,
  toWgsl,
} from "../../expression/index.ts";
import type { Constant, WgslCode } from "../../expression/wgsl.ts";
import { Parameters } from "./parameters.ts";
import type { FieldType, Inputs } from "./program.ts";

/** Renders the expressions of one kernel; their constants become its parameters. */
export class ExpressionTexts {
  readonly parameters = new Parameters();
  readonly #inputs: Inputs;
  readonly #codes: WgslCode[] = [];
  readonly #constants: Constant[] = [];
  readonly #used = new Set<string>();

  constructor(inputs: Inputs) {
    this.#inputs = inputs;
  }

  /** Statements that give names starting with `prefix` to values, and the text of each expression's value. */
  render(expressions: readonly Expression[], prefix: string): { body: string; results: readonly string[] } {
    const before = this.#constants.length;
    const code = toWgsl(expressions, {
      input: (index) => {
        const name = this.#inputs.names[index] ?? "";
        this.#used.add(name);
        return name;
      },
      constant: (at) => `constant${before + at}`,
    });
    this.#codes.push(code);
    this.#constants.push(...code.constants);
    const named = (text: string) => text.replaceAll(/\bv(\d+)\b/g, `${prefix}$1`);
    return { body: named(code.body), results: code.results.map(named) };
  }

  /** Inputs that have been rendered. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  functions(): string {
    return functionsText(...this.#codes);
  }

  /** Statements for the start of a kernel: read in a loop, constants would be read again for each message. */
  constantLets(): string {
    return this.#constants
      .map(({ type }, at) => {
        const word = this.parameters.add(`constant ${at}`);
        return `let constant${at} = ${constantText(type, [word])};`;
      })
      .join("\n");
  }

  constants(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#constants.map((each, at) => [`constant ${at}`, constantWords(each)[0] ?? 0]),
    );
  }
}

/** Numbers of the columns that are read: "me3" with the prefix "me" is 3. */
export function columnsOf(names: Iterable<string>, prefix: string): readonly number[] {
  const found = [...names].flatMap((name) => {
    const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    return /^\d+$/.test(digits) ? [Number(digits)] : [];
  });
  return found.sort((a, b) => a - b);
}

/** The names of inputs that expressions read. */
export function namesRead(expressions: readonly Expression[], inputs: Inputs): ReadonlySet<string> {
  const names = nodesOf(expressions).flatMap((node) =>
    node.kind === "input" ? [inputs.names[node.index] ?? ""] : [],
  );
  return new Set(names);
}

export function asField(type: FieldType, word: string): string {
  return type === "u32" ? word : `bitcast<${type}>(${word})`;
}

export function asWord(type: FieldType, value: string): string {
  return type === "u32" ? value : `bitcast<u32>(${value})`;
}

/**
 * Splits expressions where accumulators come in: what does not depend on one can be computed for many messages at once.
 * `rewritten` reads the parts as inputs `part0`, `part1`, ...
 */
export function splitAtFolds(
  expressions: readonly Expression[],
  inputs: Inputs,
): { readonly parts: readonly Expression[]; readonly rewritten: readonly Expression[] } {
  const dependent = new Set<Expression>();
  for (const node of nodesOf(expressions)) {
    const isFold = node.kind === "input" && (inputs.names[node.index] ?? "").startsWith("fold");
    if (isFold || partsOf(node).some((part) => dependent.has(part))) dependent.add(node);
  }
  const parts = new Map<Expression, Expression>();
  const made = new Map<Expression, Expression>();
  const get = (node: Expression): Expression => {
    if (dependent.has(node)) return made.get(node) ?? node;
    if (node.kind === "constant") return node;
    let part = parts.get(node);
    if (part === undefined) {
      part = inputs.get(`part${parts.size}${node.type}`, node.type);
      parts.set(node, part);
    }
    return part;
  };
  for (const node of nodesOf(expressions)) if (dependent.has(node)) made.set(node, withParts(node, get));
  return { rewritten: expressions.map(get), parts: [...parts.keys()] };
}

function withParts(node: Expression, get: (node: Expression) => Expression): Expression {
  switch (node.kind) {
    case "input":
    case "constant":
      return node;
    case "binary":
      return { ...node, left: get(node.left), right: get(node.right) };
    case "select":
      return { ...node, condition: get(node.condition), yes: get(node.yes), no: get(node.no) };
    default:
      return { ...node, operand: get(node.operand) };
  }
}

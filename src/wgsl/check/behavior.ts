import type { Block, Expression, Statement } from "../ast.ts";
import { KernelError, type Span } from "../diagnostics.ts";

type Exit = "next" | "break" | "continue" | "return";

/** WGSL section 9.7: how control leaves each statement. Finds missing returns, endless loops and misplaced jumps. */
export function checkBehavior(source: string, body: Block, returns: boolean, nameSpan: Span): void {
  const exits = new Walker(source).block(body);
  if (exits.has("break") || exits.has("continue"))
    throw new KernelError(source, nameSpan, "a jump leaves no loop");
  if (returns && exits.has("next")) {
    throw new KernelError(
      source,
      nameSpan,
      "this function can end without returning a value",
      "Return on every path.",
    );
  }
}

class Walker {
  readonly #source: string;
  #loops = 0;
  #breakable = 0;
  #continuing = 0;

  constructor(source: string) {
    this.#source = source;
  }

  block(block: Block): Set<Exit> {
    let exits = new Set<Exit>(["next"]);
    for (const statement of block.statements) {
      const own = this.statement(statement);
      if (!exits.has("next")) continue;
      exits = new Set([...exits].filter((exit) => exit !== "next"));
      for (const exit of own) exits.add(exit);
    }
    return exits;
  }

  statement(statement: Statement): Set<Exit> {
    switch (statement.kind) {
      case "block":
        return this.block(statement);
      case "return":
        if (this.#continuing > 0) throw this.#error(statement.span, "a continuing block cannot return");
        return new Set(["return"]);
      case "break":
        if (this.#breakable === 0)
          throw this.#error(statement.span, "'break' stands outside a loop or switch");
        return new Set(["break"]);
      case "continue":
        if (this.#loops === 0) throw this.#error(statement.span, "'continue' stands outside a loop");
        return new Set(["continue"]);
      case "if":
        return union(
          this.block(statement.consequent),
          statement.alternate === undefined ? new Set(["next"]) : this.statement(statement.alternate),
        );
      case "switch":
        return this.#switch(statement);
      case "loop":
        return this.#loop(statement);
      case "while":
        return this.#counted(statement.body, true);
      case "for":
        return this.#counted(statement.body, statement.condition !== undefined, statement.span);
      default:
        return new Set(["next"]);
    }
  }

  #switch(statement: Statement & { kind: "switch" }): Set<Exit> {
    this.#breakable++;
    const inLoop = this.#continuing;
    const exits = union(...statement.cases.map((item) => this.block(item.body)));
    this.#continuing = inLoop;
    this.#breakable--;
    if (exits.delete("break")) exits.add("next");
    return exits;
  }

  #loop(statement: Statement & { kind: "loop" }): Set<Exit> {
    const exits = this.#body(statement.body);
    if (statement.continuing !== undefined) {
      this.#checkBypass(statement.body, statement.continuing, statement.breakIf);
      const outer = { loops: this.#loops, breakable: this.#breakable };
      this.#loops = 0;
      this.#breakable = 0;
      this.#continuing++;
      for (const exit of this.block(statement.continuing)) exits.add(exit);
      this.#continuing--;
      this.#loops = outer.loops;
      this.#breakable = outer.breakable;
    }
    if (statement.breakIf !== undefined) exits.add("break");
    return this.#leave(exits, statement.span);
  }

  /** The continuing part sees the body's declarations, so no `continue` may jump over one that it uses. */
  #checkBypass(body: Block, continuing: Block, breakIf: Expression | undefined): void {
    const used = namesIn([continuing, breakIf]);
    let jumped = false;
    for (const statement of body.statements) {
      if (statement.kind === "variable" && jumped && used.has(statement.name)) {
        throw this.#error(
          statement.nameSpan,
          `a 'continue' before this skips '${statement.name}', which the continuing part uses`,
        );
      }
      jumped ||= continues(statement);
    }
  }

  #counted(body: Block, conditional: boolean, span: Span = body.span): Set<Exit> {
    const exits = this.#body(body);
    if (conditional) exits.add("break");
    return this.#leave(exits, span);
  }

  #body(body: Block): Set<Exit> {
    const continuing = this.#continuing;
    this.#continuing = 0;
    this.#loops++;
    this.#breakable++;
    const exits = this.block(body);
    this.#loops--;
    this.#breakable--;
    this.#continuing = continuing;
    return exits;
  }

  #leave(exits: Set<Exit>, span: Span): Set<Exit> {
    const left = new Set<Exit>();
    if (exits.has("break")) left.add("next");
    if (exits.has("return")) left.add("return");
    if (left.size === 0)
      throw this.#error(span, "this loop never ends", "Add a condition, a break or a return.");
    return left;
  }

  #error(span: Span, problem: string, hint?: string): KernelError {
    return new KernelError(this.#source, span, problem, hint);
  }
}

/** Whether a `continue` inside leaves this statement for the loop around it. */
function continues(statement: Statement): boolean {
  switch (statement.kind) {
    case "continue":
      return true;
    case "block":
      return statement.statements.some(continues);
    case "if":
      return (
        continues(statement.consequent) ||
        (statement.alternate !== undefined && continues(statement.alternate))
      );
    case "switch":
      return statement.cases.some((item) => continues(item.body));
    default:
      return false;
  }
}

function namesIn(node: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(node)) for (const item of node) namesIn(item, names);
  else if (typeof node === "object" && node !== null) {
    if ("kind" in node && node.kind === "identifier" && "name" in node) names.add(String(node.name));
    for (const item of Object.values(node)) namesIn(item, names);
  }
  return names;
}

function union(...sets: readonly ReadonlySet<Exit>[]): Set<Exit> {
  return new Set(sets.flatMap((set) => [...set]));
}

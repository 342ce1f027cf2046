import { KernelError } from "../diagnostics.ts";
import type { Expression, FunctionDefinition, Statement, Value, Variable } from "../ir.ts";
import { children, expressionsOf, statementsOf, visitExpressions } from "../walk.ts";

type Root = Variable | Value;

/** What a function does to memory it did not declare: through its pointer parameters and to module variables. */
interface Accesses {
  readonly reads: Set<Root>;
  readonly writes: Set<Root>;
}

/** WGSL section 11.4.1: two names for one piece of memory, one of them written through, are refused. Callees come first. */
export function checkAliasing(source: string, functions: readonly FunctionDefinition[]): void {
  const known = new Map<FunctionDefinition, Accesses>();
  for (const target of functions) {
    const accesses: Accesses = { reads: new Set(), writes: new Set() };
    const lets = collect(target.body, accesses, known);
    known.set(target, accesses);
    visitExpressions(target.body, (expression) => {
      if (expression.kind === "call") checkCall(source, expression, known, lets);
    });
  }
}

/** The variable or pointer parameter that a reference or pointer leads back to. */
function rootOf(expression: Expression, lets: ReadonlyMap<Value, Expression>): Root | undefined {
  switch (expression.kind) {
    case "variable":
      return expression.variable;
    case "value": {
      const initializer = lets.get(expression.value);
      return initializer === undefined ? expression.value : rootOf(initializer, lets);
    }
    case "addressOf":
    case "dereference":
      return rootOf(expression.operand, lets);
    case "member":
    case "index":
      return rootOf(expression.base, lets);
    default:
      return undefined;
  }
}

function collect(
  body: Statement,
  accesses: Accesses,
  known: ReadonlyMap<FunctionDefinition, Accesses>,
): ReadonlyMap<Value, Expression> {
  const lets = new Map<Value, Expression>();
  const note = (set: Set<Root>, expression: Expression) => {
    const root = rootOf(expression, lets);
    if (root !== undefined) set.add(root);
  };
  const read = (expression: Expression): void => {
    if (expression.kind === "load") note(accesses.reads, expression.from);
    if (
      expression.kind === "builtin" &&
      expression.name.startsWith("atomic") &&
      expression.args[0] !== undefined
    ) {
      note(expression.name === "atomicLoad" ? accesses.reads : accesses.writes, expression.args[0]);
    }
    if (expression.kind === "call") inherit(expression, accesses, known, lets);
    children(expression).forEach(read);
  };
  const walk = (statement: Statement): void => {
    if (statement.kind === "let" && statement.value.type.kind === "pointer")
      lets.set(statement.value, statement.initializer);
    if (statement.kind === "assign") {
      note(accesses.writes, statement.target);
      if (statement.operator !== undefined) note(accesses.reads, statement.target);
    }
    expressionsOf(statement).forEach(read);
    statementsOf(statement).forEach(walk);
  };
  walk(body);
  return lets;
}

function inherit(
  call: Expression & { kind: "call" },
  accesses: Accesses,
  known: ReadonlyMap<FunctionDefinition, Accesses>,
  lets: ReadonlyMap<Value, Expression>,
): void {
  const inner = known.get(call.function);
  for (const [from, to] of [
    [inner?.reads, accesses.reads],
    [inner?.writes, accesses.writes],
  ] as const) {
    for (const root of from ?? []) {
      const position = root.kind === "parameter" ? call.function.parameters.indexOf(root) : -1;
      const argument = call.args[position];
      const outer = root.kind === "var" ? root : argument === undefined ? undefined : rootOf(argument, lets);
      if (outer !== undefined) to.add(outer);
    }
  }
}

function checkCall(
  source: string,
  call: Expression & { kind: "call" },
  known: ReadonlyMap<FunctionDefinition, Accesses>,
  lets: ReadonlyMap<Value, Expression>,
): void {
  const inner = known.get(call.function);
  if (inner === undefined) return;
  const seen = new Map<Root, boolean>();
  call.args.forEach((argument, index) => {
    const parameter = call.function.parameters[index];
    const root = argument.type.kind === "pointer" ? rootOf(argument, lets) : undefined;
    if (root === undefined || parameter === undefined) return;
    const writes = inner.writes.has(parameter);
    const touches = writes || inner.reads.has(parameter);
    const direct = (writes && inner.reads.has(root)) || (touches && inner.writes.has(root));
    const earlier = seen.get(root);
    if (direct || (earlier !== undefined && touches && (writes || earlier))) {
      throw new KernelError(
        source,
        argument.span,
        `'${call.function.name}' would reach this memory by two names and write it`,
        "Pass different variables.",
      );
    }
    if (touches) seen.set(root, writes || earlier === true);
  });
}

import { reachable } from "./check/call-graph.ts";
import { KernelError, type Span } from "./diagnostics.ts";
import type { EntryPoint, Program, Statement } from "./ir.ts";
import type { Target, Translation } from "./translation.ts";
import { containsScalar, f64, type Type } from "./types.ts";
import { contains, expressionsOf, statementsOf } from "./walk.ts";

/** What a device must be capable of to run an entry point. Throws UNSUPPORTED where no device of the target is. */
export function requirements(program: Program, entry: EntryPoint, target: Target): Translation["requires"] {
  const needed = new Set<"f16" | "f64" | "i64" | "subgroups">();
  if (program.features.has("f16") && target === "webgpu") needed.add("f16");
  const lanes = [...entry.function.builtins].some((name) => /^(subgroup|quad)/.test(name));
  const inputs = entry.function.parameters.some((parameter) => parameter.builtin?.includes("subgroup"));
  if (lanes || inputs) needed.add("subgroups");
  const double = firstUse(entry, (type) => containsScalar(type, f64));
  if (double === undefined) return needed;
  if (target !== "webgpu") return needed.add("f64");
  throw new KernelError(
    program.source,
    double,
    `WebGPU has no f64, which '${entry.name}' uses here`,
    "Compute this on the CPU or on another device, or treat the bits as u64, which is enough to compare and to hash.",
    "UNSUPPORTED",
  );
}

/** The first place, in the order of the text, where an entry point and what it calls use a type that fits. */
function firstUse(entry: EntryPoint, fits: (type: Type) => boolean): Span | undefined {
  const uses: Span[] = [];
  const note = (type: Type, span: Span) => {
    if (fits(type)) uses.push(span);
  };
  const visit = (statement: Statement): void => {
    if (statement.kind === "var") note(statement.variable.type, statement.variable.span);
    if (statement.kind === "let") note(statement.value.type, statement.value.span);
    for (const expression of expressionsOf(statement)) {
      contains(expression, (part) => {
        note(part.type, part.span);
        return false;
      });
    }
    statementsOf(statement).forEach(visit);
  };
  for (const { type, span, initializer } of entry.function.globals) {
    note(type, span);
    if (initializer !== undefined) visit({ kind: "evaluate", expression: initializer });
  }
  for (const target of reachable(entry.function)) {
    note(target.returnType, target.span);
    for (const { type, span } of target.parameters) note(type, span);
    visit(target.body);
  }
  return uses.reduce<Span | undefined>(
    (first, use) => (first === undefined || use.start < first.start ? use : first),
    undefined,
  );
}

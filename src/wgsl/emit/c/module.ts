import { reachable } from "../../check/call-graph.ts";
import { isFiltered } from "../../check/uniformity/severity.ts";
import type { EntryPoint, FunctionDefinition, Program, Value, Variable } from "../../ir.ts";
import { layoutOf } from "../../layout.ts";
import { someStatement } from "../../walk.ts";
import type { Dialect, Size } from "./dialect.ts";
import { emitExpression } from "./expressions.ts";
import { zero } from "./literals.ts";
import { isCounted, isLoop } from "./loops.ts";
import { memberPlace, type Place, storeText } from "./places.ts";
import { StatementEmitter } from "./statements.ts";
import { type EmitOptions, needsCount, Unit, Writer } from "./writer.ts";

export interface SizedEntryPoint {
  readonly entry: EntryPoint;
  readonly workgroupSize: Size;
}

/** Text in a dialect of C for entry points and what they call. */
export function emitC(
  dialect: Dialect,
  program: Program,
  entries: readonly SizedEntryPoint[],
  options: EmitOptions,
): { code: string; kernelNames: string[] } {
  const unit = new Unit(dialect, options, emitExpression);
  const functions = [...new Set(entries.flatMap(({ entry }) => reachable(entry.function)))];
  for (const variable of program.globals) unit.names.of(variable, variable.name);
  for (const target of functions) unit.names.of(target, target.name);
  if (options.watchdog) findPolling(unit, functions);
  const texts = functions.map((target) => {
    const kernel = entries.find(({ entry }) => entry.function === target);
    return kernel === undefined ? functionText(unit, program, target) : kernelText(unit, program, kernel);
  });
  const code = [...unit.types.declarations, ...unit.constants, ...unit.helpers.texts, ...texts.flat()];
  const needs = {
    contract: options.contract,
    half: program.features.has("f16"),
    double: unit.types.usesDouble,
    divergent: program.features.has("subgroups") && isFiltered(program.source, "subgroup_uniformity"),
  };
  return {
    code: [...dialect.wrap(code, needs), ""].join("\n"),
    kernelNames: entries.map(({ entry }) => unit.names.of(entry.function, entry.name)),
  };
}

/** A function polls when one of its loops does or when it calls one that does; callees come first. */
function findPolling(unit: Unit, functions: readonly FunctionDefinition[]): void {
  for (const target of functions) {
    const own = someStatement(target.body, (statement) => isLoop(statement) && !isCounted(statement));
    if (own || [...target.calls].some((callee) => unit.polling.has(callee))) unit.polling.add(target);
  }
}

function used(program: Program, target: FunctionDefinition): Variable[] {
  return program.globals.filter((variable) => target.globals.has(variable));
}

function functionText(unit: Unit, program: Program, target: FunctionDefinition): string[] {
  const writer = new Writer(unit, target);
  const parameters: string[] = [];
  for (const variable of used(program, target)) {
    const name = writer.name(variable);
    parameters.push(
      `${unit.types.pointer({ space: variable.space, store: variable.type, access: variable.access })} ${name}`,
    );
    if (needsCount(variable.type)) parameters.push(`uint ${name}count`);
  }
  if (unit.polling.has(target)) parameters.push(...unit.dialect.watchdog.parameters);
  for (const parameter of target.parameters) {
    const name = writer.name(parameter);
    parameters.push(`${unit.types.value(parameter.type)} ${name}`);
    if (parameter.type.kind === "pointer" && needsCount(parameter.type.store))
      parameters.push(`uint ${name}count`);
  }
  const head = `${unit.dialect.static}${unit.types.value(target.returnType)} ${unit.names.of(target, target.name)}(${parameters.join(", ") || "void"}) {`;
  const body = writer.capture(() => {
    new StatementEmitter(writer).inside(target.body);
    if (unit.polling.has(target)) returnAnything(writer);
  });
  return indent([head, ...body, "}"]);
}

/** A loop that the watchdog ends may be where a function always returned; C++ takes such an end for impossible. */
function returnAnything(writer: Writer): void {
  const { returnType: type, body, span } = writer.function;
  if (type.kind === "void" || body.statements.at(-1)?.kind === "return") return;
  writer.line(`return ${writer.value({ kind: "construct", type, span, args: [] })};`);
}

function kernelText(unit: Unit, program: Program, { entry, workgroupSize }: SizedEntryPoint): string[] {
  const { dialect } = unit;
  const target = entry.function;
  const writer = new Writer(unit, target);
  const globals = used(program, target);
  const bound = bindingOrder(globals);
  const parameters = bound.map((variable) => {
    const pointer = unit.types.pointer({
      space: variable.space,
      store: variable.type,
      access: variable.access,
    });
    return `${pointer} ${dialect.restrict} ${writer.name(variable)}`;
  });
  for (const variable of bound)
    if (needsCount(variable.type)) parameters.push(`uint ${writer.name(variable)}count`);
  if (unit.options.watchdog) parameters.push(dialect.watchdog.parameter);
  const body = writer.capture(() => {
    if (unit.polling.has(target)) writer.lines(dialect.watchdog.locals);
    for (const variable of globals) declareGlobal(writer, variable);
    zeroWorkgroup(writer, globals, workgroupSize);
    for (const parameter of target.parameters) declareInput(writer, parameter, workgroupSize);
    new StatementEmitter(writer).inside(target.body);
  });
  const head = dialect.kernel(unit.names.of(target, target.name), parameters, workgroupSize);
  return indent([head, ...body, "}"]);
}

export function bindingOrder(globals: readonly Variable[]): Variable[] {
  return globals
    .filter((variable) => variable.binding !== undefined)
    .sort((a, b) => (a.group ?? 0) - (b.group ?? 0) || (a.binding ?? 0) - (b.binding ?? 0));
}

/** Module variables are reached by pointer everywhere, so that functions and kernels read alike. */
function declareGlobal(writer: Writer, variable: Variable): void {
  if (variable.binding !== undefined) return;
  const { types, dialect } = writer;
  const name = writer.name(variable);
  const memory = `${name}memory`;
  const vec3 = variable.type.kind === "vector" && variable.type.size === 3;
  const address = vec3 ? `${memory}.e` : `&${memory}`;
  if (variable.space === "workgroup") writer.line(dialect.shared(types.memory(variable.type), memory));
  else writer.line(`${types.memory(variable.type)} ${memory} = ${zero(types, variable.type)};`);
  writer.line(
    `${types.pointer({ space: variable.space, store: variable.type, access: "read_write" })} ${name} = ${address};`,
  );
  if (variable.initializer === undefined) return;
  const text = writer.value(variable.initializer);
  writer.line(
    `${storeText(writer, { text: vec3 ? name : `(*${name})`, type: variable.type, space: "private", readOnly: false }, text)};`,
  );
}

function zeroWorkgroup(writer: Writer, globals: readonly Variable[], size: Size): void {
  const { dialect } = writer;
  const shared = globals.filter((variable) => variable.space === "workgroup");
  if (shared.length === 0) return;
  const threads = size[0] * size[1] * size[2];
  for (const variable of shared) {
    const name = `${writer.name(variable)}memory`;
    const wide = layoutOf(variable.type).size % 4 === 0 && !containsBool(writer.types.memory(variable.type));
    const unit = wide ? "uint" : "uchar";
    writer.line(
      `for (uint i = ${dialect.linearIndex(size)}; i < sizeof(${name}) / sizeof(${unit}); i += ${threads}u) ((${dialect.space("workgroup")}${unit}*)&${name})[i] = 0;`,
    );
  }
  writer.line(`${dialect.barrier("workgroup")};`);
}

function containsBool(memory: string): boolean {
  return memory === "bool";
}

/** What the entry point is given: its ids and sizes. */
function declareInput(writer: Writer, parameter: Value, size: Size): void {
  const { dialect } = writer;
  const name = writer.name(parameter);
  const { type } = parameter;
  const input = (builtin: string | undefined) => dialect.input(builtin ?? "", size);
  writer.line(
    type.kind === "struct"
      ? `${writer.types.value(type)} ${name};`
      : `${writer.types.value(type)} ${name} = ${input(parameter.builtin)};`,
  );
  if (type.kind !== "struct") return;
  const whole: Place = { text: name, type, space: "function", readOnly: false };
  type.members.forEach((member, index) => {
    const value = input(member.attributes.builtin);
    writer.line(`${storeText(writer, memberPlace(whole, type, index), value)};`);
  });
}

function indent(lines: readonly string[]): string[] {
  let depth = 0;
  return lines.map((line) => {
    if (line.startsWith("}")) depth--;
    const made = `${"  ".repeat(Math.max(0, depth))}${line}`;
    if (line.endsWith("{")) depth++;
    return made;
  });
}

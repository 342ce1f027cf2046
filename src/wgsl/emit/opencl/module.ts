import { reachable } from "../../check/call-graph.ts";
import type { EntryPoint, FunctionDefinition, Program, Value, Variable } from "../../ir.ts";
import { layoutOf } from "../../layout.ts";
import { someStatement } from "../../walk.ts";
import { emitExpression } from "./expressions.ts";
import { halfFunctions } from "./half.ts";
import { isCounted, isLoop } from "./loops.ts";
import { memberPlace, storeText } from "./places.ts";
import { StatementEmitter } from "./statements.ts";
import { type EmitOptions, needsCount, Unit, Writer } from "./writer.ts";

export interface OpenClOptions extends EmitOptions {
  readonly contract: boolean;
}

export interface SizedEntryPoint {
  readonly entry: EntryPoint;
  readonly workgroupSize: readonly [number, number, number];
}

/** OpenCL C 1.2 for entry points and what they call. */
export function emitOpenCl(
  program: Program,
  entries: readonly SizedEntryPoint[],
  options: OpenClOptions,
): { code: string; kernelNames: string[] } {
  const unit = new Unit(options, emitExpression);
  const functions = [...new Set(entries.flatMap(({ entry }) => reachable(entry.function)))];
  for (const variable of program.globals) unit.names.of(variable, variable.name);
  for (const target of functions) unit.names.of(target, target.name);
  if (options.watchdog) findPolling(unit, functions);
  const texts = functions.map((target) => {
    const kernel = entries.find(({ entry }) => entry.function === target);
    return kernel === undefined
      ? functionText(unit, program, target)
      : kernelText(unit, program, kernel, options);
  });
  const half = program.features.has("f16") ? halfFunctions : [];
  const code = [
    `#pragma OPENCL FP_CONTRACT ${options.contract ? "ON" : "OFF"}`,
    ...half,
    ...unit.types.declarations,
    ...unit.constants,
    ...unit.helpers.texts,
    ...texts.flat(),
    "",
  ].join("\n");
  return { code, kernelNames: entries.map(({ entry }) => unit.names.of(entry.function, entry.name)) };
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
  if (unit.polling.has(target)) parameters.push("volatile __global uint* stop");
  for (const parameter of target.parameters) {
    const name = writer.name(parameter);
    parameters.push(`${unit.types.value(parameter.type)} ${name}`);
    if (parameter.type.kind === "pointer" && needsCount(parameter.type.store))
      parameters.push(`uint ${name}count`);
  }
  const head = `static ${unit.types.value(target.returnType)} ${unit.names.of(target, target.name)}(${parameters.join(", ") || "void"}) {`;
  const body = writer.capture(() => new StatementEmitter(writer).inside(target.body));
  return indent([head, ...body, "}"]);
}

function kernelText(
  unit: Unit,
  program: Program,
  { entry, workgroupSize }: SizedEntryPoint,
  options: OpenClOptions,
): string[] {
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
    return `${pointer} restrict ${writer.name(variable)}`;
  });
  for (const variable of bound)
    if (needsCount(variable.type)) parameters.push(`uint ${writer.name(variable)}count`);
  if (options.watchdog) parameters.push("volatile __global uint* stop");
  const body = writer.capture(() => {
    for (const variable of globals) declareGlobal(writer, variable);
    zeroWorkgroup(writer, globals, workgroupSize);
    for (const parameter of target.parameters) declareInput(writer, parameter, workgroupSize);
    new StatementEmitter(writer).inside(target.body);
  });
  const size = workgroupSize.join(", ");
  const name = unit.names.of(target, target.name);
  const head = `__kernel __attribute__((reqd_work_group_size(${size}))) void ${name}(${parameters.join(", ")}) {`;
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
  const { types } = writer;
  const name = writer.name(variable);
  const memory = `${name}memory`;
  const vec3 = variable.type.kind === "vector" && variable.type.size === 3;
  const address = vec3 ? `${memory}.e` : `&${memory}`;
  if (variable.space === "workgroup")
    writer.line(`__local ${types.memory(variable.type)} ${memory} __attribute__((aligned(16)));`);
  else writer.line(`${types.memory(variable.type)} ${memory} = ${types.zero(variable.type)};`);
  writer.line(
    `${types.pointer({ space: variable.space, store: variable.type, access: "read_write" })} ${name} = ${address};`,
  );
  if (variable.initializer === undefined) return;
  const text = writer.value(variable.initializer);
  writer.line(
    `${storeText({ text: vec3 ? name : `(*${name})`, type: variable.type, space: "private", readOnly: false }, text)};`,
  );
}

function zeroWorkgroup(
  writer: Writer,
  globals: readonly Variable[],
  size: readonly [number, number, number],
): void {
  const shared = globals.filter((variable) => variable.space === "workgroup");
  if (shared.length === 0) return;
  const threads = size[0] * size[1] * size[2];
  for (const variable of shared) {
    const name = `${writer.name(variable)}memory`;
    const wide = layoutOf(variable.type).size % 4 === 0 && !containsBool(writer.types.memory(variable.type));
    const unit = wide ? "uint" : "uchar";
    writer.line(
      `for (uint i = ${linearIndex(size)}; i < sizeof(${name}) / sizeof(${unit}); i += ${threads}u) ((__local ${unit}*)&${name})[i] = 0;`,
    );
  }
  writer.line("barrier(CLK_LOCAL_MEM_FENCE);");
}

function containsBool(memory: string): boolean {
  return memory === "bool";
}

function linearIndex([x, y, z]: readonly [number, number, number]): string {
  if (y === 1 && z === 1) return "(uint)get_local_id(0)";
  return `(uint)(get_local_id(0) + get_local_id(1) * ${x} + get_local_id(2) * ${x * y})`;
}

function builtinInput(name: string, size: readonly [number, number, number]): string {
  const three = (call: string) => `(uint3)((uint)${call}(0), (uint)${call}(1), (uint)${call}(2))`;
  switch (name) {
    case "local_invocation_id":
      return three("get_local_id");
    case "global_invocation_id":
      return three("get_global_id");
    case "workgroup_id":
      return three("get_group_id");
    case "num_workgroups":
      return three("get_num_groups");
    case "local_invocation_index":
      return linearIndex(size);
    case "workgroup_index":
      return "(uint)(get_group_id(0) + get_num_groups(0) * (get_group_id(1) + get_num_groups(1) * get_group_id(2)))";
    case "global_invocation_index":
      return "(uint)(get_global_id(0) + get_global_size(0) * (get_global_id(1) + get_global_size(1) * get_global_id(2)))";
    default:
      return "0u";
  }
}

function declareInput(writer: Writer, parameter: Value, size: readonly [number, number, number]): void {
  const name = writer.name(parameter);
  const { type } = parameter;
  writer.line(
    type.kind === "struct"
      ? `${writer.types.value(type)} ${name};`
      : `${writer.types.value(type)} ${name} = ${builtinInput(parameter.builtin ?? "", size)};`,
  );
  if (type.kind !== "struct") return;
  type.members.forEach((member, index) => {
    writer.line(
      `${storeText(memberPlace({ text: name, type, space: "function", readOnly: false }, type, index), builtinInput(member.attributes.builtin ?? "", size))};`,
    );
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

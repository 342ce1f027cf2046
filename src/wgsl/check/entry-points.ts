import type * as ast from "../ast.ts";
import type { EntryPoint, Expression, FunctionDefinition } from "../ir.ts";
import { bool, f32, i32, type StructType, type Type, typeName, u32, vectorOf } from "../types.ts";
import { isStatic, type Scope } from "./scope.ts";

const three = vectorOf(3, u32);
const four = vectorOf(4, f32);

/** Built-in values a compute entry point may take, with their types. */
export const computeBuiltins: Readonly<Record<string, Type>> = {
  local_invocation_id: three,
  local_invocation_index: u32,
  global_invocation_id: three,
  global_invocation_index: u32,
  workgroup_id: three,
  workgroup_index: u32,
  num_workgroups: three,
  subgroup_invocation_id: u32,
  subgroup_size: u32,
  subgroup_id: u32,
  num_subgroups: u32,
};

const graphicsBuiltins: Readonly<Record<string, Type>> = {
  vertex_index: u32,
  instance_index: u32,
  position: four,
  front_facing: bool,
  frag_depth: f32,
  sample_index: u32,
  sample_mask: u32,
  primitive_index: u32,
};

/** The type of a built-in value, checked against the parameter or member that takes it. */
export function checkBuiltinValue(scope: Scope, attribute: ast.Attribute, type: Type): string {
  const [word] = attribute.args;
  if (word?.kind !== "identifier")
    throw scope.error(attribute.span, "@builtin needs the name of a built-in value");
  const expected = computeBuiltins[word.name] ?? graphicsBuiltins[word.name];
  if (expected === undefined) throw scope.error(word.span, `there is no built-in value '${word.name}'`);
  if (word.name.includes("subgroup") && !scope.features.has("subgroups")) {
    throw scope.error(
      word.span,
      `'${word.name}' needs 'subgroups'`,
      "Begin the file with: enable subgroups;",
    );
  }
  if (expected !== type)
    throw scope.error(attribute.span, `'${word.name}' is ${typeName(expected)}, not ${typeName(type)}`);
  return word.name;
}

/** Checks what only entry points must obey and evaluates `@workgroup_size`. */
export function checkEntryPoint(
  scope: Scope,
  declaration: ast.FunctionDeclaration,
  target: FunctionDefinition,
): EntryPoint | undefined {
  const size = declaration.attributes.find((attribute) => attribute.name === "workgroup_size");
  if (target.stage !== "compute") {
    if (size !== undefined) throw scope.error(size.span, "@workgroup_size belongs to compute entry points");
    return undefined;
  }
  if (size === undefined)
    throw scope.error(
      declaration.nameSpan,
      `'${declaration.name}' needs @workgroup_size`,
      "Write @workgroup_size(64).",
    );
  if (declaration.returnType !== undefined)
    throw scope.error(declaration.returnType.span, "a compute entry point returns nothing");
  const seen = new Set<string>();
  for (const parameter of target.parameters) {
    checkParameter(scope, parameter);
    const names = parameter.type.kind === "struct" ? structBuiltins(parameter.type) : [parameter.builtin];
    for (const name of names) {
      if (name !== undefined && seen.has(name))
        throw scope.error(parameter.span, `@builtin(${name}) stands twice`);
      if (name !== undefined) seen.add(name);
    }
  }
  return { name: declaration.name, function: target, workgroupSize: checkWorkgroupSize(scope, size) };
}

function checkParameter(scope: Scope, parameter: FunctionDefinition["parameters"][number]): void {
  if (parameter.type.kind === "struct") {
    for (const name of structBuiltins(parameter.type)) {
      if (name === undefined || computeBuiltins[name] === undefined) {
        throw scope.error(
          parameter.span,
          `every member of '${parameter.type.name}' must be a built-in value of compute shaders`,
        );
      }
    }
  } else if (parameter.builtin === undefined || computeBuiltins[parameter.builtin] === undefined) {
    throw scope.error(
      parameter.span,
      `the parameter '${parameter.name}' of an entry point needs @builtin`,
      "For example @builtin(global_invocation_id).",
    );
  }
}

export function structBuiltins(type: StructType): (string | undefined)[] {
  return type.members.map((member) => member.attributes.builtin);
}

function checkWorkgroupSize(scope: Scope, attribute: ast.Attribute): Expression[] {
  if (attribute.args.length < 1 || attribute.args.length > 3) {
    throw scope.error(attribute.span, "@workgroup_size takes one to three numbers");
  }
  const checked = attribute.args.map((arg) => {
    const value = scope.value(arg);
    if (!isStatic(value)) throw scope.error(arg.span, "@workgroup_size takes constants and overrides");
    return value;
  });
  const type = checked.some((value) => value.type === u32) ? u32 : i32;
  return checked.map((value) => {
    const converted = scope.expect(value, type, "a workgroup size");
    if (converted.kind === "constant" && Number(converted.data) < 1)
      throw scope.error(converted.span, "a workgroup size must be at least 1");
    return converted;
  });
}

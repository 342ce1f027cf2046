import type * as ast from "../ast.ts";
import type { Override, Variable } from "../ir.ts";
import { containsAtomic, isConstructible, isHostShareable, isScalar, type Type, typeName } from "../types.ts";
import { isStatic, type Scope } from "./scope.ts";
import { checkInitializer, checkStaticInteger } from "./statements.ts";
import { checkVariableTemplate } from "./types.ts";

/** A module-scope `override`. `others` are those declared so far. */
export function checkOverride(
  scope: Scope,
  declaration: ast.VariableDeclaration,
  declared: Type | undefined,
  others: readonly Override[],
): Override {
  const initializer = checkInitializer(scope, declaration, declared);
  if (initializer !== undefined && !isStatic(initializer))
    throw scope.error(declaration.span, "an override's value must be known before the kernel runs");
  const type = declared ?? initializer?.type;
  if (type === undefined)
    throw scope.error(declaration.span, `'${declaration.name}' needs a type or a value`);
  if (!isScalar(type)) throw scope.error(declaration.span, `an override is a scalar, not ${typeName(type)}`);
  const id = attributeInteger(scope, declaration, "id");
  if (id !== undefined && (id > 65535 || others.some((other) => other.id === id))) {
    throw scope.error(declaration.span, `@id(${id}) is taken or above 65,535`);
  }
  return {
    name: declaration.name,
    id,
    type,
    initializer,
    data: undefined,
    span: declaration.nameSpan,
  };
}

/** A module-scope `var`. */
export function checkGlobalVariable(
  scope: Scope,
  declaration: ast.VariableDeclaration,
  declared: Type | undefined,
): Variable {
  const { space, access } = checkVariableTemplate(scope, declaration.template);
  const initializer = checkInitializer(scope, declaration, declared);
  const type = declared ?? initializer?.type;
  if (type === undefined)
    throw scope.error(declaration.span, `'${declaration.name}' needs a type or a value`);
  if (space === undefined || space === "function") {
    throw scope.error(
      declaration.span,
      `'${declaration.name}' needs an address space`,
      "Write var<private>, var<workgroup>, var<uniform> or var<storage>.",
    );
  }
  const group = attributeInteger(scope, declaration, "group");
  const binding = attributeInteger(scope, declaration, "binding");
  const variable: Variable = {
    kind: "var",
    name: declaration.name,
    space,
    access: access ?? "read_write",
    type,
    group,
    binding,
    initializer,
    span: declaration.nameSpan,
  };
  checkRules(scope, declaration, variable);
  return variable;
}

function checkRules(scope: Scope, declaration: ast.VariableDeclaration, variable: Variable): void {
  const { space, type, name, initializer } = variable;
  const fail = (problem: string, hint?: string) => scope.error(declaration.span, problem, hint);
  if (initializer !== undefined && space !== "private")
    throw fail(`a ${space} variable has no initial value`);
  if (initializer !== undefined && !isStatic(initializer))
    throw fail("this initial value must be a constant or override expression");
  const bound = space === "uniform" || space === "storage";
  if (bound !== (variable.group !== undefined && variable.binding !== undefined)) {
    throw fail(
      bound
        ? `'${name}' needs @group and @binding`
        : "@group and @binding belong to uniform and storage variables",
    );
  }
  if (space === "private" && !isConstructible(type))
    throw fail(`a private variable cannot hold ${typeName(type)}`);
  if (space === "workgroup" && type.kind === "array" && type.count === undefined)
    throw fail("workgroup memory has a fixed size");
  if (!bound) return;
  if (!isHostShareable(type))
    throw fail(`${typeName(type)} cannot be shared with the host`, "bool has no defined size; use u32.");
  if (space === "uniform" && (!isConstructible(type) || containsAtomic(type)))
    throw fail(`a uniform cannot hold ${typeName(type)}`);
  if (containsAtomic(type) && variable.access !== "read_write")
    throw fail("atomics need var<storage, read_write>");
  if (variable.access === "write") throw fail("storage buffers are read or read_write");
}

function attributeInteger(
  scope: Scope,
  declaration: ast.VariableDeclaration,
  name: string,
): number | undefined {
  const attribute = declaration.attributes.find((item) => item.name === name);
  if (attribute === undefined) return undefined;
  const [arg] = attribute.args;
  if (arg === undefined) throw scope.error(attribute.span, `@${name} needs a number`);
  const value = checkStaticInteger(scope, arg, `@${name}`);
  if (value < 0) throw scope.error(arg.span, `@${name} must not be negative`);
  return value;
}

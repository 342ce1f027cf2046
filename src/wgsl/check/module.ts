import { AikoError } from "../../errors.ts";
import type * as ast from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import {
  type EntryPoint,
  emptyBlock,
  type FunctionDefinition,
  type Override,
  type Program,
  type Value,
  type Variable,
} from "../ir.ts";
import {
  hasFixedFootprint,
  isConstructible,
  isStorable,
  type StructMember,
  type StructType,
  typeName,
  voidType,
} from "../types.ts";
import { checkBehavior } from "./behavior.ts";
import { closeCallGraph } from "./call-graph.ts";
import { checkBuiltinValue, checkEntryPoint } from "./entry-points.ts";
import { checkExpression } from "./expressions.ts";
import { checkMemberAttributes } from "./member-attributes.ts";
import { type Entity, Scope } from "./scope.ts";
import { checkAssert, checkConstant, checkInside } from "./statements.ts";
import { checkType } from "./types.ts";
import { checkGlobalVariable, checkOverride } from "./variables.ts";

const enables = new Set(["f16", "subgroups", "clip_distances", "dual_source_blending", "primitive_index"]);
const languageFeatures = new Set([
  "readonly_and_readwrite_storage_textures",
  "packed_4x8_integer_dot_product",
  "unrestricted_pointer_parameters",
  "pointer_composite_access",
  "uniform_buffer_standard_layout",
  "subgroup_id",
  "subgroup_uniformity",
  "linear_indexing",
]);

/** Checks a whole module and returns the program the emitters read. Throws KernelError, or UNSUPPORTED for textures. */
export function check(module: ast.Module): Program {
  return new ModuleChecker(module).check();
}

class ModuleChecker {
  readonly #module: ast.Module;
  readonly #scope: Scope;
  readonly #features = new Set<string>();
  readonly #declarations = new Map<string, ast.NamedDeclaration>();
  readonly #entities = new Map<string, Entity>();
  readonly #resolving = new Set<string>();
  readonly #overrides: Override[] = [];
  readonly #globals: Variable[] = [];
  readonly #functions: { declaration: ast.FunctionDeclaration; function: FunctionDefinition }[] = [];
  readonly #mustUse = new Set<string>();

  constructor(module: ast.Module) {
    this.#module = module;
    this.#scope = new Scope({
      source: module.source,
      features: this.#features,
      lookup: (name, span) => this.#resolve(name, span),
      names: () => this.#declarations.keys(),
      checkExpression,
    });
  }

  check(): Program {
    this.#checkDirectives();
    const { declarations } = this.#module;
    for (const declaration of declarations) {
      if (declaration.kind === "assert") continue;
      if (this.#declarations.has(declaration.name)) {
        throw this.#scope.error(declaration.nameSpan, `'${declaration.name}' is declared twice`);
      }
      this.#declarations.set(declaration.name, declaration);
    }
    for (const declaration of declarations) {
      if (declaration.kind === "assert") checkAssert(this.#scope, declaration);
      else if (declaration.kind !== "function")
        this.#tolerant(() => this.#resolve(declaration.name, declaration.nameSpan));
    }
    const unsupported = new Map<FunctionDefinition, AikoError>();
    const entryPoints: EntryPoint[] = [];
    for (const declaration of declarations) {
      if (declaration.kind === "function") this.#checkFunction(declaration, entryPoints, unsupported);
    }
    const functions = this.#functions.map((item) => item.function);
    closeCallGraph(this.#module.source, functions, unsupported);
    this.#refuseUnsupported(entryPoints, unsupported);
    for (const entry of entryPoints) this.#checkBindings(entry);
    return {
      source: this.#module.source,
      features: this.#features,
      overrides: this.#overrides,
      globals: this.#globals,
      functions: functions.filter((item) => !unsupported.has(item)),
      entryPoints: entryPoints.filter((entry) => !unsupported.has(entry.function)),
    };
  }

  #checkBindings({ name, function: { globals } }: EntryPoint): void {
    const seen = new Map<string, string>();
    for (const variable of globals) {
      if (variable.binding === undefined) continue;
      const at = `@group(${variable.group}) @binding(${variable.binding})`;
      const other = seen.get(at);
      if (other !== undefined) {
        throw this.#scope.error(
          variable.span,
          `'${name}' uses both '${other}' and '${variable.name}' at ${at}`,
        );
      }
      seen.set(at, variable.name);
    }
  }

  /** Textures and fragment-only functions are refused only where a compute entry point uses them. */
  #refuseUnsupported(
    entryPoints: readonly EntryPoint[],
    unsupported: ReadonlyMap<FunctionDefinition, AikoError>,
  ): void {
    const [first] = entryPoints;
    if (first !== undefined && entryPoints.every((entry) => unsupported.has(entry.function)))
      throw unsupported.get(first.function);
  }

  #tolerant(work: () => unknown): AikoError | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (error instanceof AikoError && error.code === "UNSUPPORTED") return error;
      throw error;
    }
  }

  #checkDirectives(): void {
    for (const directive of this.#module.directives) {
      const known = directive.kind === "enable" ? enables : languageFeatures;
      for (const name of directive.kind === "diagnostic" ? [] : directive.names) {
        if (!known.has(name)) {
          throw this.#scope.unsupported(
            directive.span,
            `there is no ${directive.kind === "enable" ? "extension" : "language feature"} '${name}' here`,
            `Known: ${[...known].join(", ")}.`,
          );
        }
        if (directive.kind === "enable") this.#features.add(name);
      }
    }
  }

  #resolve(name: string, span: Span): Entity | undefined {
    const known = this.#entities.get(name);
    if (known !== undefined) return known;
    const declaration = this.#declarations.get(name);
    if (declaration === undefined) return undefined;
    if (this.#resolving.has(name)) throw this.#scope.error(span, `'${name}' depends on itself`);
    this.#resolving.add(name);
    try {
      const entity = this.#declare(declaration);
      this.#entities.set(name, entity);
      return entity;
    } finally {
      this.#resolving.delete(name);
    }
  }

  #declare(declaration: ast.NamedDeclaration): Entity {
    switch (declaration.kind) {
      case "alias":
        return { kind: "type", type: checkType(this.#scope, declaration.type) };
      case "struct":
        return { kind: "type", type: this.#declareStruct(declaration) };
      case "function": {
        const made = this.#declareFunction(declaration);
        this.#functions.push({ declaration, function: made });
        return { kind: "function", function: made, mustUse: this.#mustUse.has(declaration.name) };
      }
      case "variable":
        return this.#declareVariable(declaration);
    }
  }

  #declareStruct(declaration: ast.StructDeclaration): StructType {
    const names = new Set<string>();
    if (declaration.members.length === 0)
      throw this.#scope.error(declaration.nameSpan, `'${declaration.name}' has no members`);
    const members = declaration.members.map((member, index): StructMember => {
      if (names.has(member.name))
        throw this.#scope.error(member.nameSpan, `'${declaration.name}' has two members '${member.name}'`);
      names.add(member.name);
      const type = checkType(this.#scope, member.type);
      const last = index === declaration.members.length - 1;
      const runtime = type.kind === "array" && type.count === undefined && last;
      if (!isStorable(type) || (!hasFixedFootprint(type) && !runtime)) {
        throw this.#scope.error(
          member.span,
          `a structure cannot hold ${typeName(type)} here`,
          "Only a last member may be a runtime-sized array.",
        );
      }
      return checkMemberAttributes(this.#scope, member, type);
    });
    return { kind: "struct", name: declaration.name, builtin: false, members };
  }

  #declareFunction(declaration: ast.FunctionDeclaration): FunctionDefinition {
    const names = new Set<string>();
    const parameters = declaration.parameters.map((parameter): Value => {
      if (names.has(parameter.name))
        throw this.#scope.error(parameter.nameSpan, `two parameters are called '${parameter.name}'`);
      names.add(parameter.name);
      const type = checkType(this.#scope, parameter.type);
      if (!isConstructible(type) && type.kind !== "pointer") {
        throw this.#scope.error(parameter.span, `a parameter cannot be ${typeName(type)}`, "Pass a pointer.");
      }
      const attribute = parameter.attributes.find((item) => item.name === "builtin");
      const builtin = attribute === undefined ? undefined : checkBuiltinValue(this.#scope, attribute, type);
      return { kind: "parameter", name: parameter.name, type, builtin, span: parameter.nameSpan };
    });
    const returnType =
      declaration.returnType === undefined ? voidType : checkType(this.#scope, declaration.returnType);
    if (returnType !== voidType && !isConstructible(returnType)) {
      throw this.#scope.error(declaration.span, `a function cannot return ${typeName(returnType)}`);
    }
    const stages = declaration.attributes.filter((item) =>
      ["compute", "vertex", "fragment"].includes(item.name),
    );
    const [stage, second] = stages;
    if (second !== undefined) throw this.#scope.error(second.span, "an entry point has one stage");
    if (declaration.attributes.some((item) => item.name === "must_use")) {
      if (returnType === voidType)
        throw this.#scope.error(declaration.nameSpan, "@must_use needs a function that returns a value");
      this.#mustUse.add(declaration.name);
    }
    return {
      name: declaration.name,
      parameters,
      returnType,
      body: emptyBlock,
      globals: new Set(),
      overrides: new Set(),
      calls: new Set(),
      builtins: new Set(),
      impure: false,
      stage: stage?.name as FunctionDefinition["stage"],
      span: declaration.nameSpan,
    };
  }

  #declareVariable(declaration: ast.VariableDeclaration): Entity {
    const declared = declaration.type === undefined ? undefined : checkType(this.#scope, declaration.type);
    if (declaration.form === "const")
      return { kind: "constant", constant: checkConstant(this.#scope, declaration, declared) };
    if (declaration.form === "override") {
      const override = checkOverride(this.#scope, declaration, declared, this.#overrides);
      this.#overrides.push(override);
      return { kind: "override", override };
    }
    const variable = checkGlobalVariable(this.#scope, declaration, declared);
    this.#globals.push(variable);
    return { kind: "variable", variable };
  }

  #checkFunction(
    declaration: ast.FunctionDeclaration,
    entryPoints: EntryPoint[],
    unsupported: Map<FunctionDefinition, AikoError>,
  ): void {
    let target: FunctionDefinition | undefined;
    const refused = this.#tolerant(() => {
      const entity = this.#resolve(declaration.name, declaration.nameSpan);
      if (entity?.kind !== "function") return;
      target = entity.function;
      const entry = checkEntryPoint(this.#scope, declaration, entity.function);
      if (entry !== undefined) entryPoints.push(entry);
      this.#checkBody(declaration, entity.function);
    });
    if (refused === undefined) return;
    if (target !== undefined) unsupported.set(target, refused);
    else if (declaration.attributes.some((item) => item.name === "compute")) throw refused;
  }

  #checkBody(declaration: ast.FunctionDeclaration, target: FunctionDefinition): void {
    const scope = this.#scope.inner(target);
    for (const parameter of target.parameters)
      scope.declare(parameter.name, parameter.span, { kind: "value", value: parameter });
    const context = { returnType: target.returnType, mustUse: (name: string) => this.#mustUse.has(name) };
    checkBehavior(
      this.#module.source,
      declaration.body,
      target.returnType !== voidType,
      declaration.nameSpan,
    );
    target.body = checkInside(scope, declaration.body, context);
  }
}

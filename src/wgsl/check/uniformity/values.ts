import { AikoError } from "../../../errors.ts";
import type { Expression, FunctionDefinition, Statement, Value } from "../../ir.ts";
import { children } from "../../walk.ts";
import { structBuiltins } from "../entry-points.ts";
import {
  type Analysis,
  type Input,
  type Node,
  node,
  type Reach,
  type Requirement,
  type Root,
  type UniformityScope,
} from "./graph.ts";
import { State } from "./state.ts";

/** Memory that a reference or pointer names: what it is part of, and the values that choose the part. */
interface Place {
  readonly root: Root;
  readonly partial: boolean;
  readonly choices: readonly Node[];
}

interface Argument {
  readonly value: Node;
  readonly contents: Node;
  readonly place: Place | undefined;
}

const barriers = new Set(["workgroupBarrier", "storageBarrier", "textureBarrier"]);
const workgroupUniform = ["workgroup_id", "num_workgroups", "subgroup_size", "num_subgroups"];
const uniformBuiltinValues: Readonly<Record<UniformityScope, readonly string[]>> = {
  workgroup: workgroupUniform,
  subgroup: [...workgroupUniform, "subgroup_id"],
};
const laneOperation = /^(subgroup|quad)[A-Z]/;
const subgroupUniformResult =
  /^subgroup(Add|Mul|Max|Min|And|Or|Xor|All|Any|Ballot|Broadcast|BroadcastFirst)$/;
const uniformDistance = /^subgroupShuffle(Up|Down|Xor)$/;

/** The value half of a function's graph: expressions, memory and calls. */
export class ValueGraph {
  readonly requirements: Requirement[] = [];
  readonly outputs: readonly (Node | undefined)[];
  state = new State();
  readonly #target: FunctionDefinition;
  readonly #analysis: Analysis;
  readonly #parameters: readonly Node[];
  readonly #lets = new Map<Value, { readonly value: Node; readonly place: Place | undefined }>();

  constructor(target: FunctionDefinition, analysis: Analysis) {
    this.#target = target;
    this.#analysis = analysis;
    this.#parameters = target.parameters.map((_, index) => ({ edges: [], input: { kind: "value", index } }));
    this.outputs = target.parameters.map((parameter, index) => {
      if (parameter.type.kind !== "pointer" || parameter.type.space !== "function") return undefined;
      this.state.set(parameter, { edges: [], input: { kind: "contents", index } });
      return node();
    });
  }

  declare(control: Node, statement: Statement & { kind: "let" }): void {
    const { value, initializer } = statement;
    const place = value.type.kind === "pointer" ? this.#place(control, initializer) : undefined;
    const made =
      place === undefined ? this.expression(control, initializer) : node(control, ...place.choices);
    this.#lets.set(value, { value: made, place });
  }

  assign(control: Node, statement: Statement & { kind: "assign" }): void {
    const { root, partial, choices } = this.#place(control, statement.target);
    const old = this.state.get(root);
    const value = this.expression(control, statement.value);
    if (old === undefined) return;
    const kept = partial || statement.operator !== undefined ? [old] : [];
    this.state.set(root, node(value, ...choices, ...kept));
  }

  condition(control: Node, expression: Expression): Node {
    return { edges: [this.expression(control, expression)], condition: expression.span };
  }

  expression(control: Node, expression: Expression): Node {
    switch (expression.kind) {
      case "value":
        return node(control, this.#named(control, expression.value));
      case "load": {
        const { root, choices } = this.#place(control, expression.from);
        return node(control, this.#contents(control, root), ...choices);
      }
      case "variable":
      case "addressOf":
      case "dereference":
        return node(control, ...this.#place(control, expression).choices);
      case "binary":
        if (expression.operator !== "&&" && expression.operator !== "||") break;
        return this.#shortCircuit(control, expression);
      case "call":
        return this.#call(control, expression);
      case "builtin":
        return this.#builtin(control, expression);
      default:
    }
    return node(control, ...children(expression).map((child) => this.expression(control, child)));
  }

  #shortCircuit(control: Node, expression: Expression & { kind: "binary" }): Node {
    const condition = this.condition(control, expression.left);
    const before = this.state;
    this.state = new State(before);
    const value = this.expression(condition, expression.right);
    before.join([before, this.state]);
    this.state = before;
    return value;
  }

  #named(control: Node, value: Value): Node {
    const index = this.#target.parameters.indexOf(value);
    const known = this.#lets.get(value)?.value ?? this.#parameters[index] ?? control;
    return this.#target.stage === undefined || index < 0 ? known : this.#entryInput(control, value);
  }

  #entryInput(control: Node, value: Value): Node {
    const uniform = uniformBuiltinValues[this.#analysis.scope];
    const names = value.type.kind === "struct" ? structBuiltins(value.type) : [value.builtin];
    const differing = names.filter((name) => name === undefined || !uniform.includes(name));
    if (differing.length === 0) return control;
    const verb = value.type.kind === "struct" ? "holds" : "is";
    return { edges: [], origin: `'${value.name}' ${verb} a ${differing[0] ?? "user-defined input"}` };
  }

  #place(control: Node, expression: Expression): Place {
    switch (expression.kind) {
      case "variable":
        return { root: expression.variable, partial: false, choices: [] };
      case "value": {
        const known = this.#lets.get(expression.value);
        if (known?.place !== undefined) return { ...known.place, choices: [known.value] };
        return { root: expression.value, partial: false, choices: [this.#named(control, expression.value)] };
      }
      case "index": {
        const base = this.#place(control, expression.base);
        const index = this.expression(control, expression.index);
        return { ...base, partial: true, choices: [...base.choices, index] };
      }
      case "member":
        return { ...this.#place(control, expression.base), partial: true };
      case "addressOf":
      case "dereference":
        return this.#place(control, expression.operand);
      default:
        throw new AikoError("INTERNAL", { message: `'${expression.kind}' does not name memory` });
    }
  }

  #contents(control: Node, root: Root): Node {
    const memory = root.kind === "var" ? root : root.type;
    if (!("space" in memory) || memory.space === "uniform") return control;
    switch (memory.space) {
      case "function":
        return this.state.get(root) ?? control;
      case "storage":
        if (memory.access === "read") return control;
        return { edges: [], origin: `'${root.name}' is storage that other threads may write` };
      case "workgroup":
        return { edges: [], origin: `'${root.name}' is workgroup memory that other threads may write` };
      case "private":
        return { edges: [], origin: `'${root.name}' is private: each thread has its own` };
    }
  }

  #argument(control: Node, expression: Expression): Argument {
    if (expression.type.kind !== "pointer") {
      const value = this.expression(control, expression);
      return { value, contents: value, place: undefined };
    }
    const place = this.#place(control, expression);
    const value = node(control, ...place.choices);
    return { value, contents: node(value, this.#contents(control, place.root)), place };
  }

  #call(control: Node, call: Expression & { kind: "call" }): Node {
    const args = call.args.map((argument) => this.#argument(control, argument));
    const summary = this.#analysis.summaries.get(call.function);
    const result = node(control);
    if (summary === undefined) return result;
    const resolve = (input: Input): Node =>
      input.kind === "control" ? control : (args[input.index]?.[input.kind] ?? control);
    for (const { input, builtin } of summary.required)
      this.#requireOfCall(call, input, resolve(input), builtin);
    const link = (reach: Reach): Node[] => [
      ...reach.inputs.map(resolve),
      ...(reach.origin === undefined ? [] : [{ edges: [], origin: reach.origin }]),
    ];
    args.forEach(({ value, place }, index) => {
      const reach = summary.outputs[index];
      const old = place && this.state.get(place.root);
      if (place === undefined || reach === undefined || old === undefined) return;
      const kept = place.partial ? [old, value] : [];
      this.state.set(place.root, node(control, ...kept, ...link(reach)));
    });
    result.edges.push(...link(summary.returned));
    return result;
  }

  #requireOfCall(call: Expression & { kind: "call" }, input: Input, required: Node, builtin: string): void {
    const { name, parameters } = call.function;
    const threads = `all threads of a ${this.#analysis.scope}`;
    if (input.kind === "control") {
      const problem = `'${name}' calls '${builtin}', which must be reached by ${threads} together, but this condition may differ between them`;
      this.requirements.push({ node: required, builtin, span: call.span, problem });
      return;
    }
    const parameter = parameters[input.index]?.name ?? "";
    this.requirements.push({
      node: required,
      builtin,
      span: call.args[input.index]?.span ?? call.span,
      problem: `the argument '${parameter}' of '${name}' must be the same for ${threads}, because '${builtin}' depends on it`,
    });
  }

  #builtin(control: Node, call: Expression & { kind: "builtin" }): Node {
    const { name } = call;
    const args = call.args.map((argument) => this.expression(control, argument));
    const result = node(control, ...args);
    const collects = { edges: [], origin: `'${name}' gives each thread its own value` };
    if (barriers.has(name) || name === "workgroupUniformLoad") {
      if (this.#analysis.scope === "workgroup") this.#requireOfBuiltin(control, call, args);
      return control;
    }
    if (name.startsWith("atomic")) return collects;
    if (!laneOperation.test(name)) return result;
    if (this.#analysis.scope === "workgroup") return collects;
    this.#requireOfBuiltin(control, call, uniformDistance.test(name) ? args.slice(1) : []);
    return subgroupUniformResult.test(name) ? result : collects;
  }

  #requireOfBuiltin(
    control: Node,
    call: Expression & { kind: "builtin" },
    uniformArguments: readonly Node[],
  ): void {
    const { name: builtin, args, span } = call;
    if (!this.#analysis.isError(span)) return;
    const threads = `all threads of a ${this.#analysis.scope}`;
    const problem = `'${builtin}' must be reached by ${threads} together, but this condition may differ between them`;
    this.requirements.push({ node: control, builtin, span, problem });
    for (const required of uniformArguments) {
      const which = args.length > 1 ? "the last argument" : "the argument";
      const argument = `${which} of '${builtin}' must be the same for ${threads}, but it may differ between them`;
      this.requirements.push({
        node: required,
        builtin,
        span: args.at(-1)?.span ?? span,
        problem: argument,
      });
    }
  }
}

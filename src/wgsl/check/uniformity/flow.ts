import type { Block, Expression, FunctionDefinition, Statement } from "../../ir.ts";
import { emptyBlock } from "../../ir.ts";
import { type Analysis, type FunctionGraph, type Node, node } from "./graph.ts";
import { State } from "./state.ts";
import { ValueGraph } from "./values.ts";

type Exit = "next" | "break" | "continue" | "return";

interface Flow {
  readonly control: Node;
  readonly exits: Set<Exit>;
}

interface Frame {
  readonly kind: "loop" | "switch";
  readonly start: State;
  readonly breaks: State[];
  readonly continues: State[];
}

interface Iteration {
  readonly condition?: Expression | undefined;
  readonly body: Block;
  readonly continuing: readonly Statement[];
  readonly breakIf?: Expression | undefined;
}

/** The dependence graph of one function, as WGSL section 15.2 builds it. */
export function buildGraph(target: FunctionDefinition, analysis: Analysis): FunctionGraph {
  return new FlowGraph(target, analysis).build();
}

class FlowGraph {
  readonly #target: FunctionDefinition;
  readonly #values: ValueGraph;
  readonly #returned = node();
  readonly #frames: Frame[] = [];

  constructor(target: FunctionDefinition, analysis: Analysis) {
    this.#target = target;
    this.#values = new ValueGraph(target, analysis);
  }

  build(): FunctionGraph {
    const start: Node = { edges: [], input: { kind: "control" } };
    const { exits } = this.#sequence(start, this.#target.body.statements);
    if (exits.has("next")) this.#leave();
    const { requirements, outputs } = this.#values;
    return { requirements, returned: this.#returned, outputs };
  }

  #leave(): void {
    this.#target.parameters.forEach((parameter, index) => {
      const contents = this.#values.state.get(parameter);
      if (contents !== undefined) this.#values.outputs[index]?.edges.push(contents);
    });
  }

  #sequence(start: Node, statements: readonly Statement[]): Flow {
    let control = start;
    const exits = new Set<Exit>(["next"]);
    for (const statement of statements) {
      const flow = this.#statement(control, statement);
      control = flow.control;
      exits.delete("next");
      for (const exit of flow.exits) exits.add(exit);
      if (!exits.has("next")) break;
    }
    return { control, exits };
  }

  #statement(control: Node, statement: Statement): Flow {
    const next: Flow = { control, exits: new Set(["next"]) };
    switch (statement.kind) {
      case "block":
        return this.#inScope(() => this.#sequence(control, statement.statements));
      case "if":
        return this.#if(control, statement);
      case "switch":
        return this.#switch(control, statement);
      case "loop": {
        const { body, continuing = emptyBlock, breakIf } = statement;
        return this.#loop(control, { body, continuing: continuing.statements, breakIf });
      }
      case "for":
        return this.#inScope(() => this.#for(control, statement));
      case "break":
      case "continue":
        this.#jump(statement.kind);
        return { control, exits: new Set([statement.kind]) };
      case "return":
        if (statement.value !== undefined)
          this.#returned.edges.push(this.#values.expression(control, statement.value));
        this.#leave();
        return { control, exits: new Set(["return"]) };
      case "var": {
        const { variable } = statement;
        const { initializer } = variable;
        const value = initializer === undefined ? control : this.#values.expression(control, initializer);
        this.#values.state.set(variable, value);
        return next;
      }
      case "let":
        this.#values.declare(control, statement);
        return next;
      case "assign":
        this.#values.assign(control, statement);
        return next;
      case "evaluate":
        this.#values.expression(control, statement.expression);
        return next;
    }
  }

  /** Drops the variables declared inside, and all assignments where control does not go on. */
  #inScope(work: () => Flow): Flow {
    const before = this.#values.state;
    this.#values.state = new State(before);
    const flow = work();
    if (flow.exits.has("next")) before.join([this.#values.state]);
    this.#values.state = before;
    return flow;
  }

  #if(control: Node, statement: Statement & { kind: "if" }): Flow {
    const condition = this.#values.condition(control, statement.condition);
    return this.#branch(control, condition, [statement.consequent, statement.alternate ?? emptyBlock], []);
  }

  #switch(control: Node, statement: Statement & { kind: "switch" }): Flow {
    const condition = this.#values.condition(control, statement.selector);
    const frame: Frame = { kind: "switch", start: this.#values.state, breaks: [], continues: [] };
    this.#frames.push(frame);
    const bodies = statement.cases.map((item) => item.body);
    const flow = this.#branch(control, condition, bodies, frame.breaks);
    this.#frames.pop();
    return flow;
  }

  #branch(control: Node, condition: Node, branches: readonly Statement[], breaks: readonly State[]): Flow {
    const before = this.#values.state;
    const ends: State[] = [];
    const flows = branches.map((branch) => {
      this.#values.state = new State(before);
      const flow = this.#statement(condition, branch);
      if (flow.exits.has("next")) ends.push(this.#values.state);
      return flow;
    });
    before.join([...ends, ...breaks]);
    this.#values.state = before;
    const exits = new Set(flows.flatMap((flow) => [...flow.exits]));
    if (breaks.length > 0 && exits.delete("break")) exits.add("next");
    return after(
      control,
      flows.map((flow) => flow.control),
      exits,
    );
  }

  #for(control: Node, statement: Statement & { kind: "for" }): Flow {
    const { initializer, condition, update, body } = statement;
    if (initializer !== undefined) this.#statement(control, initializer);
    return this.#loop(control, { condition, body, continuing: update === undefined ? [] : [update] });
  }

  #loop(control: Node, { condition, body, continuing, breakIf }: Iteration): Flow {
    const before = this.#values.state;
    const start = node(control);
    const frame: Frame = { kind: "loop", start: before.loop(), breaks: [], continues: [] };
    this.#values.state = new State(frame.start);
    this.#frames.push(frame);
    const first = condition === undefined ? start : this.#breakUnless(start, condition, frame);
    const flow = this.#sequence(first, body.statements);
    let { control: last } = flow;
    const ends = [...(flow.exits.has("next") ? [this.#values.state] : []), ...frame.continues];
    if (ends.length > 0) {
      this.#values.state = new State(frame.start);
      frame.start.join(ends, this.#values.state);
      ({ control: last } = this.#sequence(last, continuing));
      if (breakIf !== undefined) last = this.#breakUnless(last, breakIf, frame);
      start.edges.push(last);
    }
    this.#frames.pop();
    const exits = new Set<Exit>();
    if (frame.breaks.length > 0) exits.add("next");
    if (flow.exits.has("return")) exits.add("return");
    frame.start.join(frame.breaks, before, [...frame.breaks, this.#values.state]);
    if (ends.length > 0) frame.start.repeat(this.#values.state);
    this.#values.state = before;
    return after(control, [start, last], exits);
  }

  #breakUnless(control: Node, condition: Expression, frame: Frame): Node {
    const decided = this.#values.condition(control, condition);
    frame.breaks.push(this.#values.state.snapshot(frame.start));
    return decided;
  }

  #jump(kind: "break" | "continue"): void {
    const frame =
      kind === "break" ? this.#frames.at(-1) : this.#frames.findLast((item) => item.kind === "loop");
    const paths = kind === "break" ? frame?.breaks : frame?.continues;
    if (frame !== undefined) paths?.push(this.#values.state.snapshot(frame.start));
  }
}

/** Control flow is what it was before a statement that can only be left by its end. */
function after(before: Node, ends: readonly Node[], exits: Set<Exit>): Flow {
  return { control: exits.size === 1 && exits.has("next") ? before : node(...ends), exits };
}
